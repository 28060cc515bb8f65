# Placeholder until the commands are there.
