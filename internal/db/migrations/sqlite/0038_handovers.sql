-- +goose Up

-- What was handed over to customers who came for it, by when it was pressed: the list of a store's day.
CREATE INDEX journal_handovers ON journal (merchant_id, at, id) WHERE direction = 'act' AND what = 'dispatch';
