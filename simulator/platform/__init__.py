"""The API that an account calls (服务端接口): one file a subject, one table of paths in ``routes``."""
