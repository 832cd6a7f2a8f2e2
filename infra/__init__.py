"""What Chalice does not make: the rest of the template, the packaging that checks its result, and the deployment."""
