-- +goose Up

-- Who changed how a merchant is set up, newest first: the few lines of the journal that are of
-- no order and tell what a person did.
CREATE INDEX journal_setup ON journal (merchant_id, id) WHERE direction = 'act' AND order_id = 0;
