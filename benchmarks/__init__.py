"""The numbers behind v2m's promises, and the scripts that give each."""
