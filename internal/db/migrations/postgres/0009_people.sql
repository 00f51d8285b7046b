-- +goose Up

-- Whose password a one-time link sets; 0 = it makes the first user.
ALTER TABLE setup_tokens ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;

-- Until now a clerk could answer refunds and cancel. Who could goes on to: clerks may not.
UPDATE users SET role = 'store_manager' WHERE role = 'clerk';
UPDATE api_keys SET role = 'store_manager' WHERE role = 'clerk';
