"""The papers: what is on file about a person in care. Billing and calendar cannot reach them."""
