"""Money: payments, refunds, receipts, invoices, and the processor. It cannot reach a paper."""
