package mercadolibre

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The people, streets and goods below are invented. Cities, states and the shape of
// postal codes and documents are those of the countries.

var (
	firstPT = []string{"Ana", "Bruno", "Camila", "Diego", "Eduarda", "Felipe", "Gabriela", "Henrique", "Isabela", "João", "Larissa", "Marcelo", "Natália", "Otávio", "Priscila", "Rafael", "Sônia", "Thiago", "Vitória", "Wagner"}
	lastPT  = []string{"Almeida", "Barbosa", "Cardoso", "Dias", "Esteves", "Ferreira", "Gonçalves", "Lima", "Macedo", "Nascimento", "Oliveira", "Pereira", "Queiroz", "Ribeiro", "Souza", "Teixeira"}
	firstES = []string{"Andrea", "Benjamín", "Carolina", "Daniel", "Elena", "Fernando", "Guadalupe", "Hugo", "Inés", "José", "Karla", "Luis", "Mariana", "Nicolás", "Olga", "Pablo", "Rocío", "Sebastián", "Valentina", "Ximena"}
	lastES  = []string{"Acosta", "Benítez", "Castro", "Domínguez", "Espinoza", "Fuentes", "Guzmán", "Herrera", "Ibáñez", "Jiménez", "Lozano", "Muñoz", "Núñez", "Ortega", "Peña", "Quintero", "Rojas", "Salazar", "Torres", "Vargas"}
)

type town struct {
	state, stateName, city string
	zip                    string // first digits; the rest is made up
	hoods                  []string
	lat, lon               float64
}

var towns = map[string][]town{
	"MLB": {
		{"BR-SP", "São Paulo", "São Paulo", "04", []string{"Paraíso", "Vila Mariana", "Moema"}, -23.57, -46.64},
		{"BR-RJ", "Rio de Janeiro", "Rio de Janeiro", "22", []string{"Copacabana", "Ipanema", "Botafogo"}, -22.97, -43.18},
		{"BR-MG", "Minas Gerais", "Belo Horizonte", "30", []string{"Savassi", "Funcionários"}, -19.93, -43.93},
		{"BR-PR", "Paraná", "Curitiba", "80", []string{"Batel", "Água Verde"}, -25.44, -49.28},
		{"BR-BA", "Bahia", "Salvador", "40", []string{"Barra", "Rio Vermelho"}, -13.0, -38.51},
	},
	"MLM": {
		{"MX-DIF", "Distrito Federal", "Coyoacán", "04", []string{"Del Carmen", "Copilco"}, 19.35, -99.16},
		{"MX-NLE", "Nuevo León", "Monterrey", "64", []string{"Mitras Centro", "Obispado"}, 25.68, -100.33},
		{"MX-JAL", "Jalisco", "Guadalajara", "44", []string{"Americana", "Providencia"}, 20.67, -103.36},
		{"MX-PUE", "Puebla", "Puebla", "72", []string{"La Paz", "Centro"}, 19.04, -98.2},
	},
	"MLA": {
		{"AR-C", "Capital Federal", "Palermo", "14", []string{"Palermo Soho", "Palermo Hollywood"}, -34.58, -58.43},
		{"AR-B", "Buenos Aires", "La Plata", "19", []string{"Centro", "Tolosa"}, -34.92, -57.95},
		{"AR-X", "Córdoba", "Córdoba", "50", []string{"Nueva Córdoba", "Güemes"}, -31.42, -64.18},
	},
	"MLC": {
		{"CL-RM", "RM (Metropolitana)", "Ñuñoa", "", []string{"Ñuñoa"}, -33.45, -70.6},
		{"CL-RM", "RM (Metropolitana)", "Providencia", "", []string{"Providencia"}, -33.43, -70.61},
		{"CL-VS", "Valparaíso", "Viña del Mar", "", []string{"Viña del Mar"}, -33.02, -71.55},
	},
	"MCO": {
		{"CO-DC", "Bogotá D.C.", "Chapinero", "110", []string{"Chapinero Alto", "Quinta Camacho"}, 4.65, -74.06},
		{"CO-ANT", "Antioquia", "Medellín", "050", []string{"Laureles", "El Poblado"}, 6.24, -75.58},
		{"CO-VAC", "Valle del Cauca", "Cali", "760", []string{"Granada", "San Antonio"}, 3.45, -76.53},
	},
}

var streets = map[string][]string{
	"MLB": {"Avenida Modelo", "Rua das Laranjeiras Fictícias", "Rua do Exemplo", "Alameda dos Testes", "Travessa Imaginária"},
	"MLM": {"Calle Ejemplo", "Avenida de las Pruebas", "Calle Imaginaria", "Privada Modelo"},
	"MLA": {"Calle Ejemplo", "Avenida de las Pruebas", "Pasaje Imaginario", "Boulevard Modelo"},
	"MLC": {"Avenida Ejemplo", "Pasaje Imaginario", "Calle Las Pruebas"},
	"MCO": {"Calle 10", "Carrera 7", "Calle 85", "Transversal 23"},
}

func digits(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + r.IntN(10)))
	}
	return b.String()
}

func oneOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// inventPerson makes up a buyer's name.
func inventPerson(r *rand.Rand, st *site) (first, last string) {
	if st.Portuguese {
		return oneOf(r, firstPT), oneOf(r, lastPT) + " " + oneOf(r, lastPT)
	}
	return oneOf(r, firstES), oneOf(r, lastES) + " " + oneOf(r, lastES)
}

// inventAddress makes up an address with the habits of the site.
func inventAddress(r *rand.Rand, st *site, id ID) Address {
	tw := oneOf(r, towns[st.ID])
	hood := oneOf(r, tw.hoods)
	a := Address{
		AddressID: id, StreetName: oneOf(r, streets[st.ID]), StreetNumber: itoa(10 + r.IntN(2900)),
		City: Place{ptr(cityID(st, tw)), ptr(tw.city)}, State: Place{ptr(tw.state), ptr(tw.stateName)},
		Country: Place{ptr(st.Country), ptr(st.CountryName)}, Neighborhood: Place{nil, ptr(hood)},
		DeliveryPreference: "residential", Latitude: tw.lat, Longitude: tw.lon,
	}
	switch st.ID {
	case "MLB":
		a.ZipCode = ptr(tw.zip + digits(r, 6))
		if r.IntN(2) == 0 {
			a.Comment = ptr(fmt.Sprintf("Apto %d", 1+r.IntN(180)))
		}
		if r.IntN(20) == 0 {
			a.StreetNumber = "SN"
		}
	case "MLM":
		a.ZipCode = ptr(tw.zip + digits(r, 3))
		a.Comment = ptr("Referencia: portón verde Entre: " + oneOf(r, streets["MLM"]) + " y " + oneOf(r, streets["MLM"]))
		a.Municipality = Place{nil, ptr(tw.city)}
	case "MLA":
		a.ZipCode = ptr(tw.zip + digits(r, 2))
		if r.IntN(2) == 0 {
			a.Comment = ptr(fmt.Sprintf("Piso %d Depto %c", 1+r.IntN(12), 'A'+rune(r.IntN(6))))
		}
	case "MCO":
		if r.IntN(3) > 0 {
			a.ZipCode = ptr(tw.zip + digits(r, 6-len(tw.zip)))
		}
		a.StreetNumber = fmt.Sprintf("#%d-%d", 10+r.IntN(80), 10+r.IntN(80))
	}
	a.AddressLine = a.StreetName + " " + a.StreetNumber
	return a
}

func cityID(st *site, tw town) string {
	return fmt.Sprintf("%s-%s", tw.state, strings.ReplaceAll(tw.city, " ", ""))
}

// inventBilling makes up a fiscal identity: mostly people, some companies.
func inventBilling(r *rand.Rand, st *site, a Address) Billing {
	b := Billing{DocType: st.Person, Company: r.IntN(8) == 0, Address: a}
	if b.Company {
		b.DocType = st.Company
	}
	switch b.DocType {
	case "CPF":
		b.DocNumber = withCPFCheck(digits(r, 9))
	case "CNPJ":
		b.DocNumber = digits(r, 8) + "000191"
	case "CUIT":
		b.DocNumber = "30" + digits(r, 9)
	case "RFC":
		b.DocNumber = "XAXX010101000"
	case "RUT":
		b.DocNumber = digits(r, 8) + "-" + digits(r, 1)
	case "NIT":
		b.DocNumber = "900" + digits(r, 6)
	default:
		b.DocNumber = "3" + digits(r, 7)
	}
	return b
}

// withCPFCheck adds the two check digits, since the NF-e of a sale is refused without.
func withCPFCheck(nine string) string {
	for n := 9; n <= 10; n++ {
		sum := 0
		for i, c := range nine {
			sum += int(c-'0') * (n + 1 - i)
		}
		nine += itoa((sum * 10 % 11) % 10)
	}
	return nine
}

type good struct {
	sku, pt, es string
	usd         Amount
	box         box
	colours     []string // Portuguese|Spanish
}

var goods = []good{
	{"CUP-500", "Caneca Térmica Inox 500ml", "Vaso Térmico Acero Inoxidable 500ml", 24_00, box{12, 16, 20, 900}, []string{"Preto|Negro", "Branco|Blanco", "Azul|Azul"}},
	{"LED-12W", "Luminária de Mesa LED 12w", "Lámpara de Escritorio LED 12w", 19_90, box{10, 18, 40, 800}, []string{"Branco|Blanco", "Preto|Negro"}},
	{"BAG-20L", "Mochila Impermeável 20 Litros", "Mochila Impermeable 20 Litros", 32_50, box{15, 30, 45, 700}, []string{"Cinza|Gris", "Verde|Verde"}},
	{"HUB-7P", "Hub USB-C 7 em 1 HDMI 4K", "Hub USB-C 7 en 1 HDMI 4K", 28_90, box{3, 6, 12, 150}, nil},
	{"MAT-6MM", "Tapete de Yoga Antiderrapante 6mm", "Tapete de Yoga Antideslizante 6mm", 17_40, box{12, 12, 62, 1100}, []string{"Roxo|Morado", "Rosa|Rosa"}},
	{"KET-1L7", "Chaleira Elétrica 1,7 Litros", "Hervidor Eléctrico 1,7 Litros", 27_30, box{22, 22, 26, 1300}, nil},
	{"EAR-BT5", "Fone de Ouvido Bluetooth 5.3", "Audífonos Inalámbricos Bluetooth 5.3", 21_00, box{4, 9, 9, 120}, []string{"Preto|Negro", "Branco|Blanco"}},
	{"KNF-SET", "Jogo de Facas 6 Peças", "Juego de Cuchillos 6 Piezas", 36_80, box{6, 20, 38, 1500}, nil},
	{"PET-BED", "Cama Pet Lavável Média", "Cama para Mascota Lavable Mediana", 29_90, box{14, 40, 50, 1200}, []string{"Bege|Beige", "Cinza|Gris"}},
	{"BTL-1L", "Garrafa Esportiva 1 Litro", "Botella Deportiva 1 Litro", 9_90, box{8, 8, 28, 250}, []string{"Azul|Azul", "Rosa|Rosa", "Transparente|Transparente"}},
	{"TOY-BLK", "Blocos de Montar 500 Peças", "Bloques de Construcción 500 Piezas", 25_50, box{10, 25, 35, 1400}, nil},
	{"CAB-USBC", "Cabo USB-C Trançado 2 Metros", "Cable USB-C Trenzado 2 Metros", 6_50, box{2, 8, 12, 90}, nil},
}

// inventItems makes up a seller's listings. They depend on the seller alone, so that a
// restart without a book has the same ones.
func inventItems(sl *Seller) []Item {
	st := sites[sl.Site]
	var items []Item
	for i, g := range goods {
		n := ID(4_000_000_000) + sl.ID%1000*1000 + ID(i+1)
		price := st.round(g.usd * st.Dollar / 100)
		it := Item{
			ID: st.ID + n.String(), Title: g.es, CategoryID: fmt.Sprintf("%s%d", st.ID, 277950+i), Price: price, BasePrice: price,
			Mode: modeOf(sl.Logistic), LogisticType: sl.Logistic, Status: "active", Box: g.box, Brand: "Ejemplo",
		}
		if st.Portuguese {
			it.Title, it.Brand = g.pt, "Exemplo"
		}
		if len(g.colours) == 0 {
			it.SKU, it.Available, it.UserProductID = g.sku, 500, fmt.Sprintf("%sU%d", st.ID, n)
		}
		for k, c := range g.colours {
			pt, es, _ := strings.Cut(c, "|")
			name, label := es, "Color"
			if st.Portuguese {
				name, label = pt, "Cor"
			}
			vid := ID(180_000_000_000) + sl.ID%1000*100_000 + ID(i*100+k+1)
			it.Variations = append(it.Variations, Variation{
				ID: vid, Price: price, Available: 300, SKU: fmt.Sprintf("%s-%s", g.sku, strings.ToUpper(es[:2])),
				Combination:   []Attribute{{ID: "COLOR", Name: label, ValueID: ptr(itoa(52049 + k)), ValueName: ptr(name)}},
				UserProductID: fmt.Sprintf("%sU%d", st.ID, vid),
			})
		}
		items = append(items, it)
	}
	return items
}
