"""The verbs, one file each: what a person can do to a project. Each is a job with a result that explains itself."""
