"""Who does the work: the job's machine, the controller's machine, the stages, the drivers."""
