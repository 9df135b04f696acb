"""Live views of Studio's resources in notebooks."""
