"""Two made-up practices, lived through: what `flask demo` puts into an empty installation."""
