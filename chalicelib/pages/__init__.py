"""Pages (页面) under /h5: what a chat bubble cannot hold, rendered on the server and readable without any script."""
