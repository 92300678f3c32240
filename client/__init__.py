"""What users import and type: the jobs API, references, results, `stationctl`."""
