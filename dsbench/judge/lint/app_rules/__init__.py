"""The lint's rows about deepstream-app configs, one module per part of the app."""
