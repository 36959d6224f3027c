"""Open Loyalty's points transfers: `/api/{storeCode}/...`, spoken over our services."""
