"""What the platform pushes to the callback (消息推送): packing, delivery in up to three tries, and the answer."""
