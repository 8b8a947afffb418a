"""The API's description, generated from the catalog and the routes: for readers, clients and API Gateway."""
