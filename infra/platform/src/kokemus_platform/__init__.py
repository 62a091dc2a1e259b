"""The embedded platform and the command line of Kokemus."""
