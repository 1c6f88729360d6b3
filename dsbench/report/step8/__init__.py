"""Step 8's report: twelve sections and five charts, as Markdown, HTML and PDF, from the record alone."""
