"""The WeChat platform (微信公众平台, service accounts) and nothing of our domain.

Receiving needs ``codec``, ``inbound`` and ``replies``, and loads neither requests nor wechatpy, for the sake of the
cold start. Sending needs ``client``; what comes back is judged by ``errors``.
"""
