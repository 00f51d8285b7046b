-- +goose Up

-- The lists of a shop, by status: without this a list of one shop walks along all orders
-- of the merchant that have the status.
CREATE INDEX orders_shop ON orders (merchant_id, shop_id, status, sort_at, id);
