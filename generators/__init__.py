"""What turns conditioning streams into music: the plan, the styles, and one folder for each generator."""
