"""What programs can ask: the API's own page, made from the OpenAPI document at run time."""
