"""Ground for everything else: errors, paths, jobs, children, notices. Imports nothing of ours."""
