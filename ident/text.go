package ident

// The texts of the ids. String is "" for none; UnmarshalText takes "" as none and fails
// with fault.Invalid on anything but the form that String writes.

func (id Merchant) String() string                { return text("mer_", int64(id)) }
func (id Merchant) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Merchant) UnmarshalText(b []byte) error { return unmarshal(id, "mer_", b) }

func (id Store) String() string                { return text("sto_", int64(id)) }
func (id Store) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Store) UnmarshalText(b []byte) error { return unmarshal(id, "sto_", b) }

func (id App) String() string                { return text("app_", int64(id)) }
func (id App) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *App) UnmarshalText(b []byte) error { return unmarshal(id, "app_", b) }

func (id Account) String() string                { return text("acc_", int64(id)) }
func (id Account) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Account) UnmarshalText(b []byte) error { return unmarshal(id, "acc_", b) }

func (id Shop) String() string                { return text("shp_", int64(id)) }
func (id Shop) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Shop) UnmarshalText(b []byte) error { return unmarshal(id, "shp_", b) }

func (id Order) String() string                { return text("ord_", int64(id)) }
func (id Order) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Order) UnmarshalText(b []byte) error { return unmarshal(id, "ord_", b) }

func (id Effect) String() string                { return text("eff_", int64(id)) }
func (id Effect) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Effect) UnmarshalText(b []byte) error { return unmarshal(id, "eff_", b) }

func (id Entry) String() string                { return text("jrn_", int64(id)) }
func (id Entry) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Entry) UnmarshalText(b []byte) error { return unmarshal(id, "jrn_", b) }

func (id Parked) String() string                { return text("prk_", int64(id)) }
func (id Parked) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Parked) UnmarshalText(b []byte) error { return unmarshal(id, "prk_", b) }

func (id Batch) String() string                { return text("bat_", int64(id)) }
func (id Batch) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Batch) UnmarshalText(b []byte) error { return unmarshal(id, "bat_", b) }

func (id User) String() string                { return text("usr_", int64(id)) }
func (id User) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *User) UnmarshalText(b []byte) error { return unmarshal(id, "usr_", b) }

func (id Key) String() string                { return text("key_", int64(id)) }
func (id Key) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Key) UnmarshalText(b []byte) error { return unmarshal(id, "key_", b) }

func (id SKU) String() string                { return text("sku_", int64(id)) }
func (id SKU) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *SKU) UnmarshalText(b []byte) error { return unmarshal(id, "sku_", b) }

func (id Offer) String() string                { return text("ofr_", int64(id)) }
func (id Offer) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Offer) UnmarshalText(b []byte) error { return unmarshal(id, "ofr_", b) }

func (id Movement) String() string                { return text("mov_", int64(id)) }
func (id Movement) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Movement) UnmarshalText(b []byte) error { return unmarshal(id, "mov_", b) }

func (id Device) String() string                { return text("dev_", int64(id)) }
func (id Device) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Device) UnmarshalText(b []byte) error { return unmarshal(id, "dev_", b) }

func (id Unlock) String() string                { return text("unl_", int64(id)) }
func (id Unlock) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Unlock) UnmarshalText(b []byte) error { return unmarshal(id, "unl_", b) }
func (id Edit) String() string                  { return text("edt_", int64(id)) }
func (id Edit) MarshalText() ([]byte, error)    { return []byte(id.String()), nil }
func (id *Edit) UnmarshalText(b []byte) error   { return unmarshal(id, "edt_", b) }

func (id Comment) String() string                { return text("cmt_", int64(id)) }
func (id Comment) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Comment) UnmarshalText(b []byte) error { return unmarshal(id, "cmt_", b) }
func (id Picture) String() string                { return text("pic_", int64(id)) }
func (id Picture) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Picture) UnmarshalText(b []byte) error { return unmarshal(id, "pic_", b) }

func (id Sender) String() string                { return text("snd_", int64(id)) }
func (id Sender) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Sender) UnmarshalText(b []byte) error { return unmarshal(id, "snd_", b) }

func (id Printer) String() string                { return text("prn_", int64(id)) }
func (id Printer) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Printer) UnmarshalText(b []byte) error { return unmarshal(id, "prn_", b) }

func (id Rider) String() string                { return text("rdr_", int64(id)) }
func (id Rider) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Rider) UnmarshalText(b []byte) error { return unmarshal(id, "rdr_", b) }

func (id Ride) String() string                { return text("rid_", int64(id)) }
func (id Ride) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Ride) UnmarshalText(b []byte) error { return unmarshal(id, "rid_", b) }

func (id Courier) String() string                { return text("cou_", int64(id)) }
func (id Courier) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Courier) UnmarshalText(b []byte) error { return unmarshal(id, "cou_", b) }

func (id Bill) String() string                { return text("bil_", int64(id)) }
func (id Bill) MarshalText() ([]byte, error)  { return []byte(id.String()), nil }
func (id *Bill) UnmarshalText(b []byte) error { return unmarshal(id, "bil_", b) }
