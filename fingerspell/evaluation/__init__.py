"""From a table of predictions to metrics, reports and comparisons."""
