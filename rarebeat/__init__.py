"""Many runs: the embedded server, search, agents, leaderboard, selection."""
