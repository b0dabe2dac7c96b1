"""The commands, by room. app.cli puts them together."""
