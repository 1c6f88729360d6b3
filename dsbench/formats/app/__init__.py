"""deepstream-app: its config files (ini and YAML) and its console."""
