"""Requests and answers of the HTTP API: camelCase, requests refuse members they do not know."""
