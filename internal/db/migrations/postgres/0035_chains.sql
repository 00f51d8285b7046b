-- +goose Up

-- Whether the platform counts whoever an account is of as a large chain (大连锁), which has longer to answer a refund.
ALTER TABLE accounts ADD COLUMN big_chain BIGINT NOT NULL DEFAULT 0;
