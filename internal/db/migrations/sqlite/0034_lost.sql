-- +goose Up

-- When the platform agreed to an order's last refund because nobody had answered in time; 0 = it never did.
ALTER TABLE orders ADD COLUMN lost_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX orders_lost ON orders (merchant_id, lost_at, id) WHERE lost_at > 0;
