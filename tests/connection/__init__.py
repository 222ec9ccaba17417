"""What lies beneath the dialects: TLS, proxies, certificates, and how a connection begins."""
