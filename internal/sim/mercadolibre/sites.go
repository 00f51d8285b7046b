package mercadolibre

import (
	"time"
)

// site is one country's marketplace.
type site struct {
	ID, Country, CountryName string
	Currency                 string
	Decimals                 int // of the currency, by GET /currencies/{id}
	Zone                     *time.Location
	ConsentHost              string // where the real consent page lives
	ME1Service               int    // service_id that a seller's own carrier reports with
	Person, Company          string // identification types of buyers
	Portuguese               bool
	Dollar                   Amount // one US dollar in local money, roughly, for invented prices
	Method                   string // name of the ordinary shipping method
	Permalink                string
}

// sites are the five marketplaces that the simulator plays. Sources: "sites,
// hosts, money, time" and "buyer's fiscal data" of the developer pages.
var sites = map[string]*site{
	"MLB": {ID: "MLB", Country: "BR", CountryName: "Brasil", Currency: "BRL", Decimals: 2, Zone: zone("America/Sao_Paulo", -3), ConsentHost: "auth.mercadolivre.com.br", ME1Service: 11, Person: "CPF", Company: "CNPJ", Portuguese: true, Dollar: 5_00, Method: "Prioritário", Permalink: "http://perfil.mercadolivre.com.br/"},
	"MLM": {ID: "MLM", Country: "MX", CountryName: "Mexico", Currency: "MXN", Decimals: 2, Zone: zone("America/Mexico_City", -6), ConsentHost: "auth.mercadolibre.com.mx", ME1Service: 231876, Person: "RFC", Company: "RFC", Dollar: 18_00, Method: "Prioritario", Permalink: "http://perfil.mercadolibre.com.mx/"},
	"MLA": {ID: "MLA", Country: "AR", CountryName: "Argentina", Currency: "ARS", Decimals: 2, Zone: zone("America/Argentina/Buenos_Aires", -3), ConsentHost: "auth.mercadolibre.com.ar", ME1Service: 154, Person: "DNI", Company: "CUIT", Dollar: 1400_00, Method: "Prioritario a domicilio", Permalink: "http://perfil.mercadolibre.com.ar/"},
	"MLC": {ID: "MLC", Country: "CL", CountryName: "Chile", Currency: "CLP", Decimals: 0, Zone: zone("America/Santiago", -4), ConsentHost: "auth.mercadolibre.cl", ME1Service: 282578, Person: "RUT", Company: "RUT", Dollar: 950_00, Method: "Normal a domicilio", Permalink: "http://perfil.mercadolibre.cl/"},
	"MCO": {ID: "MCO", Country: "CO", CountryName: "Colombia", Currency: "COP", Decimals: 0, Zone: zone("America/Bogota", -5), ConsentHost: "auth.mercadolibre.com.co", ME1Service: 282579, Person: "CC", Company: "NIT", Dollar: 4000_00, Method: "Estándar a domicilio", Permalink: "http://perfil.mercadolibre.com.co/"},
}

// siteOrder lists the sites in a fixed order, so that a seed means one thing.
var siteOrder = []string{"MLB", "MLM", "MLA", "MLC", "MCO"}

// zone falls back to the usual offset on machines without a zone database.
func zone(name string, hours int) *time.Location {
	if l, err := time.LoadLocation(name); err == nil {
		return l
	}
	return time.FixedZone(name, hours*3600)
}

// round drops the decimals that the site's currency does not have.
func (st *site) round(a Amount) Amount {
	if st.Decimals == 0 {
		return (a + 50) / 100 * 100
	}
	return a
}
