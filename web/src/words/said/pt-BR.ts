// What connectors say about their platforms, by its English: the service gives it in Chinese and English alone.
export const said: Record<string, string> = {
  "What each order settles at, for the books": "Por quanto cada pedido é liquidado, para as contas",
  "Choose the topics orders_v2, orders_feedback, shipments and payments.":
    "Escolha os tópicos orders_v2, orders_feedback, shipments e payments.",
  "The sign-in of the owner of the seller's account: a collaborator cannot authorise":
    "O acesso do titular da conta do vendedor: um colaborador não pode autorizar",
  "Make an application in DevCenter, copy Client ID and Client Secret; where PKCE is switched on, say yes in Tongdan's app as well.":
    "Crie um aplicativo no DevCenter e copie Client ID e Client Secret; se o PKCE estiver ativado, coloque yes também no aplicativo do Tongdan.",
  "New orders within a second; without it up to a minute late": "Os pedidos novos em um segundo; sem ele, até um minuto de atraso",
  "Kitchen and rider stop at once; why it was cancelled stands in this message alone":
    "Cozinha e entregador param na hora; o motivo do cancelamento só vem nesta mensagem",
  "Under 基础设置 → 订单订阅字段 choose 12, 13, 15, 19 or 38, 20, 22, 23, 28, 29, 35.":
    "Em 基础设置 → 订单订阅字段 escolha 12, 13, 15, 19 ou 38, 20, 22, 23, 28, 29, 35.",
  "Deliveries of stores that deliver themselves": "Entregas de unidades com entrega própria",
  "An https address that the internet reaches; it works without one, with changes arriving late":
    "Um endereço https acessível pela internet; funciona sem ele, com mudanças que chegam atrasadas",
  "Sellers in Brazil, Mexico, Argentina, Chile or Colombia: each seller's account is authorised once.":
    "Vendedores do Brasil, México, Argentina, Chile ou Colômbia: cada conta de vendedor é autorizada uma vez.",
  "Back in Tongdan press authorise; the owner agrees.": "De volta ao Tongdan, toque em autorizar; o titular aceita.",
  "Refund requests reach the inbox: they must be answered within 30 minutes":
    "Os pedidos de reembolso chegam à caixa: é preciso responder em 30 minutos",
  "An address that the internet reaches, on port 80 or 8080; it works without one, with orders arriving late":
    "Um endereço acessível pela internet, na porta 80 ou 8080; funciona sem ele, com pedidos que chegam atrasados",
  "Choose the store in Tongdan and press authorise; the merchant signs in at Meituan and chooses the store, and the token is pushed back.":
    "Escolha a unidade no Tongdan e toque em autorizar; o comerciante entra no Meituan e escolhe a unidade, e o token chega por mensagem.",
  "Enter the callback addresses below, first those of binding, unbinding and the heartbeat: Meituan's acceptance looks at them.":
    "Informe os endereços abaixo, primeiro os de vínculo, desvínculo e batimento: a aprovação do Meituan olha para eles.",
  "A developer account at developer.meituan.com with developerId and signKey":
    "Uma conta de desenvolvedor em developer.meituan.com com developerId e signKey",
  "Whether the money has moved: no read tells it": "Se o dinheiro foi movimentado: nenhuma leitura informa",
  "Through a software vendor: the vendor has a developer account, and each merchant authorises his stores to it. Most new restaurants take this way.":
    "Por um fornecedor de software: o fornecedor tem conta de desenvolvedor e cada comerciante autoriza suas unidades a ele. É o caminho da maioria dos restaurantes novos.",
  "Customers' reminders: no read tells them": "Cobranças dos clientes: nenhuma leitura as informa",
  "Privacy numbers that fail are replaced by real ones": "Números de privacidade que falham são trocados pelos reais",
  "A store that was unbound is told at once": "Se uma unidade for desvinculada, o aviso é imediato",
  "A merchant or chain with an app of its own (app_id): the stores are bound to that app.":
    "Um comércio ou rede com aplicativo próprio (app_id): as unidades são vinculadas a esse aplicativo.",
  "Enter the redirect address and the notifications address that Tongdan shows, byte for byte.":
    "Informe o endereço de retorno e o de notificações que o Tongdan mostra, caractere por caractere.",
  "An account at Meituan's open platform (开发者中心) with app_id and consumer_secret":
    "Uma conta na plataforma aberta do Meituan (开发者中心) com app_id e consumer_secret",
  "Statements: kept, and not read": "Extratos: são guardados e não são lidos",
  "Bind the stores to the app; each app_poi_code is of your choice.": "Vincule as unidades ao aplicativo; cada app_poi_code é escolha sua.",
  "The stores' app_poi_codes bound to the app": "Os app_poi_code das unidades, vinculados ao aplicativo",
  "Enter each callback address below exactly as shown: Meituan signs the whole address.":
    "Informe cada endereço abaixo exatamente como está: o Meituan assina o endereço inteiro.",
  "The merchant's own sign-in at Meituan for each store, for authorising":
    "O acesso do comerciante no Meituan para cada unidade, para autorizar",
  "Changes of orders and parcels within seconds; without it by a search every 5 minutes":
    "Mudanças de pedidos e pacotes em segundos; sem ele, por uma busca a cada 5 minutos",
  "Orders accepted in Meituan's own app become accepted here": "Os pedidos aceitos no app do Meituan ficam aceitos aqui",
  "The store's token comes here: without it nothing can be authorised": "Aqui chega o token da unidade: sem ele nada pode ser autorizado",
  "An address that the internet reaches, on port 80 or 8080: the tokens are pushed to it":
    "Um endereço acessível pela internet, na porta 80 ou 8080: os tokens chegam nele",
  "The rider takes it, arrives, collects, delivers": "O entregador aceita, chega, retira e entrega",
  "A store that is put to rest or offline is told at once": "Se uma unidade for pausada ou tirada do ar, o aviso é imediato",
  "Meituan publishes no time for its review of an app and its subscriptions: plan days, not hours. Authorising and binding take effect at once.":
    "O Meituan não publica quanto leva para revisar um aplicativo e suas assinaturas: conte com dias, não com horas. Autorizar e vincular têm efeito imediato.",
  "The order ends, and counts in the day's books": "O pedido termina e entra nas contas do dia",
  "Requests for a part reach the inbox": "Os pedidos de reembolso parcial chegam à caixa",
  "An application in the developer panel (DevCenter) of your country: Client ID and Client Secret":
    "Um aplicativo no painel de desenvolvedores (DevCenter) do seu país: Client ID e Client Secret",
  "Sign in to developer.meituan.com, copy developerId and signKey.": "Entre em developer.meituan.com e copie developerId e signKey.",
  "Making an application and authorising it take effect at once.": "Criar um aplicativo e autorizá-lo tem efeito imediato.",
  "Sign in to the developer console, open the app, copy app_id and consumer_secret.":
    "Entre no console de desenvolvedores, abra o aplicativo e copie app_id e consumer_secret.",
  "How stores are authorised: oauth, or empty for Meituan's page of store maps":
    "Como as unidades são autorizadas: oauth, ou vazio para a página de mapas de unidades da Meituan",
  "Only shops that deliver themselves or by the crowd can change their areas":
    "Só lojas com entrega própria ou por multidão podem mudar suas áreas",
  "A SKU bound to the stock gets its number from there and shows 0 while its dish is written; a changed picture is uploaded first":
    "Um SKU vinculado ao estoque recebe dele o seu número e mostra 0 enquanto o prato é gravado; uma imagem alterada é enviada primeiro",
  "People at Meituan look at a shop's picture. Give its address, or the number of an uploaded one; if Meituan takes no number, the change says so":
    "No Meituan a foto de uma loja é vista por pessoas. Informe o endereço, ou o número de uma foto enviada; se o Meituan não aceitar números, a mudança avisa",
  "Network printer (ESC/POS)": "Impressora de rede (ESC/POS)",
  "Print the printer's self-test (hold the feed key while switching it on): its IP address is on it; the port is 9100 as a rule. Fix that address in the router.":
    "Imprima o autoteste da impressora (ligue com a tecla de avanço pressionada): o endereço IP está nele; a porta costuma ser 9100. Fixe esse endereço no roteador.",
  "Label printer (ZPL)": "Impressora de etiquetas (ZPL)",
  "A network label printer that takes ZPL (Zebra and compatible ones), paper of 100×150 mm, 203 dpi. Its IP address is in its network settings or on its configuration label; the port is 9100 as a rule. Fix that address in the router.":
    "Uma impressora de etiquetas de rede que aceita ZPL (Zebra e compatíveis), papel de 100×150 mm, 203 dpi. O endereço IP está nas configurações de rede ou na etiqueta de configuração; a porta costuma ser 9100. Fixe esse endereço no roteador.",
  "Only for ME2 parcels that are ready to print or printed. Full, ME1 and custom shipments have none. The first time the platform takes the label for printed, after which a Brazilian invoice cannot change. It is printed as it comes.":
    "Só para pacotes ME2 prontos para imprimir ou impressos. Full, ME1 e envios próprios não têm. Na primeira vez a plataforma dá a etiqueta por impressa; depois a nota fiscal brasileira não muda mais. É impressa como vem.",
  "Feie cloud printer": "Impressora em nuvem Feie",
  "USER and UKEY are in the account's page of Feie's console; the printer's SN and KEY are on the label below it.":
    "USER e UKEY estão na página da conta da Feie; o SN e a KEY da impressora, na etiqueta embaixo dela.",
  "USER (name at Feie)": "USER (nome na Feie)",
  UKEY: "UKEY",
  "Printer's SN": "SN da impressora",
  "Printer's KEY (to add it the first time)": "KEY da impressora (para adicioná-la na primeira vez)",
  "Yilianyun cloud printer": "Impressora em nuvem Yilianyun",
  "Make an application of one's own on Yilianyun's open platform: it has an id and a secret; the terminal's number and key are on the label below the printer.":
    "Crie um aplicativo próprio na plataforma aberta da Yilianyun: ele tem um id e um segredo; o número e a chave do terminal estão na etiqueta embaixo da impressora.",
  "Application id": "Id do aplicativo",
  "Application secret": "Segredo do aplicativo",
  "Terminal number": "Número do terminal",
  "Terminal key (to add it the first time)": "Chave do terminal (para adicioná-lo na primeira vez)",
  "WeCom group robot": "Robô de grupo do WeCom",
  "DingTalk group robot": "Robô de grupo do DingTalk",
  "Feishu group robot": "Robô de grupo do Feishu",
  "Lark group robot": "Robô de grupo do Lark",
  "Aliyun SMS": "SMS da Aliyun",
  "Tencent Cloud SMS": "SMS da Tencent Cloud",
  "key of the webhook's address": "key do endereço do webhook",
  access_token: "access_token",
  "signing secret": "segredo de assinatura",
  keyword: "palavra-chave",
  "last part of the webhook's address": "última parte do endereço do webhook",
  "AccessKey ID": "AccessKey ID",
  "AccessKey secret": "AccessKey Secret",
  SecretId: "SecretId",
  SecretKey: "SecretKey",
  SmsSdkAppId: "SmsSdkAppId",
  "signature name": "nome da assinatura",
  "template of sign-in codes (variable code)": "modelo dos códigos de acesso (variável code)",
  "template of knocks (variables what, left, link)": "modelo dos avisos (variáveis what, left, link)",
  "The whole shop rests (poi/close); Meituan does not end that by itself, Tongdan opens it again in time":
    "A loja inteira fecha (poi/close); o Meituan não a reabre sozinho, o Tongdan reabre na hora",
  Cash: "Dinheiro",
  "QR code": "QR Code",
  Card: "Cartão",
  Counter: "Balcão",
  "The store gives the money back; Tongdan writes it down": "A unidade devolve o dinheiro; o Tongdan anota",
  "the daily numbers that were drawn for entries": "os números do dia dados aos pedidos lançados",
  "A delivery leaves; anything else is handed to the customer, which ends the order":
    "Uma entrega sai; o resto é entregue ao cliente e o pedido termina",
  "Paid by (when it is collected now)": "Forma de pagamento (se recebido agora)",
  "The store's id (made by Tongdan)": "O id da unidade (criado pelo Tongdan)",
  "Signing secret (drawn by Tongdan)": "Chave de assinatura (gerada pelo Tongdan)",
  "The store gives back what was paid": "A unidade devolve o que foi pago",
  "An order that was entered": "Um pedido lançado",
  "the platform has no means to count the orders of a day": "a plataforma não permite contar os pedidos de um dia",
  "for three days the platform did not give its count of this day": "durante três dias a plataforma não deu o número de pedidos deste dia",
  developerId: "developerId",
  signKey: "signKey",
  "Meituan Waimai (service provider)": "Meituan Waimai (provedor de serviços)",
  "ePoiId of the shop: a number of your own choice, given before it is bound":
    "ePoiId da loja: um número escolhido por você, antes de vincular",
  "appAuthToken (if there is one already; otherwise authorise, which binds the store)":
    "appAuthToken (se já houver; senão, autorize e a unidade é vinculada)",
  "Store bound": "Unidade vinculada",
  "Store unbound": "Unidade desvinculada",
  "New order": "Pedido novo",
  "Fee at most (yuan)": "Taxa no máximo (yuans)",
  "The fee of crowd riders moves: if it has become more, nobody is sent for and you are asked again":
    "A taxa muda: se subiu, ninguém é chamado e você é perguntado de novo",
  "Tip in total (yuan)": "Gorjeta no total (yuans)",
  "Whoever the store sends, when he takes it, is at the store or does not come, with name and number, told by itself; his place on the way at most every 15 seconds":
    "Quem a unidade envia: quando aceita, chega à unidade ou não vem, com nome e telefone, é informado sozinho; a localização a caminho, no máximo a cada 15 segundos",
  "Until a rider has taken it; the new total, not what is added": "Até alguém pegar; o total novo, não o que se soma",
  "Until a rider has the meal; Meituan may charge for it": "Até o entregador ter a comida; o Meituan pode cobrar",
  "Until a rider has taken it": "Até alguém pegar",
  "Two orders in a row within an hour that nobody accepts: the shop is put to rest":
    "Dois pedidos seguidos em uma hora sem aceite: a loja é pausada",
  "Accept or refuse at once; the next order that is accepted begins the count anew":
    "Aceite ou recuse já; o próximo pedido aceito zera a conta",
  "An order that is not accepted within five minutes is cancelled": "Um pedido sem aceite em cinco minutos é cancelado",
  "Accept it at once": "Aceite já",
  "A refund request that nobody answers in time is agreed to": "Um pedido de reembolso sem resposta a tempo é aceito",
  "Answer the request": "Responda ao pedido",
  "More than ten messages in five minutes of which over 80 % fail: the shop is put to rest":
    "Mais de dez avisos em cinco minutos com mais de 80 % de falha: a loja é pausada",
  "Look after the server and its database; other work gives way by itself": "Cuide do servidor e do banco; o resto cede sozinho",
  "No pull for five minutes puts the shop to rest, where nothing is pushed": "Cinco minutos sem consultas pausam a loja, se não há avisos",
  "Look after the network; pulls come sooner by themselves": "Cuide da rede; as consultas vêm antes sozinhas",
  "Order paid": "Pedido pago",
  "Order confirmed": "Pedido confirmado",
  "Order completed": "Pedido concluído",
  "Order cancelled": "Pedido cancelado",
  "Full refund": "Reembolso total",
  "Partial refund": "Reembolso parcial",
  "Refund result": "Resultado do reembolso",
  "Delivery status": "Situação da entrega",
  "Delivery status of self-delivery": "Situação da entrega própria",
  "Customer's reminder": "Cobrança do cliente",
  "Store status": "Situação da unidade",
  "Privacy numbers are down": "Os números de privacidade estão fora do ar",
  Settlement: "Liquidação",
  "Sold out": "Esgotado",
  "Shop is too busy": "A loja está sobrecarregada",
  "Shop has closed": "A loja já fechou",
  "Address cannot be delivered to": "Não é possível entregar nesse endereço",
  "Customer cannot be reached": "Não foi possível falar com o cliente",
  "Duplicate order": "Pedido duplicado",
  "Customer asked for it": "O cliente pediu",
  "Accepted too late": "Aceito tarde demais",
  "Order changed, not by the customer": "Pedido alterado, não pelo cliente",
  "Cancelled, not by the customer": "Cancelado, não pelo cliente",
  "Delivery is late": "A entrega está atrasada",
  "Complaint after sale": "Reclamação pós-venda",
  "Rider was slow to fetch it": "O entregador demorou para retirar",
  "Rider was slow to bring it": "O entregador demorou para levar",
  "Rider lost or spilt it": "O entregador perdeu ou derramou",
  "Other reason": "Outro motivo",
  "each number of the day looked up (getOrderDaySeq, getOrderIdByDaySeq)":
    "cada número do dia consultado (getOrderDaySeq, getOrderIdByDaySeq)",
  "Meituan keeps the numbers of 30 days only": "O Meituan guarda só os números de 30 dias",
  "the app has no right to the numbers of the day; apply for it in Meituan's console":
    "o aplicativo não tem permissão para os números do dia; peça no painel do Meituan",
  Answer: "Resposta",
  "Each reminder is answered once": "Cada cobrança é respondida uma vez",
  "It is being made": "Está sendo preparado",
  "The rider has it": "Está com o entregador",
  Explanation: "Explicação",
  "Meituan Waimai": "Meituan Waimai",
  "Within 5 minutes; where Meituan delivers it also sends for a rider":
    "Em até 5 minutos; onde o Meituan entrega, também chama um entregador",
  "Until it is completed; Meituan's delivery is cancelled with it": "Até ser concluído; a entrega do Meituan é cancelada junto",
  "Meituan offers no way to read it back": "O Meituan não oferece como consultar",
  Courier: "Entregador",
  "After 30 minutes Meituan agrees by itself (large chains: 3 hours)": "Após 30 minutos o Meituan aceita sozinho (grandes redes: 3 horas)",
  "Reason for the appeal": "Motivo do recurso",
  Pictures: "Fotos",
  "What you say": "O que você alega",
  "It was made in time: pictures prove it": "Ficou pronto a tempo: as fotos provam",
  "The rider has taken it already": "O entregador já retirou",
  "Once for each order; with pictures, at least one": "Uma vez por pedido; com fotos, ao menos uma",
  "Once for each refund; the ruling is shown in Meituan's own app, note it here then":
    "Uma vez por reembolso; a decisão aparece no próprio app da Meituan: anote aqui depois",
  "The ruling": "A decisão",
  "Meituan tells no ruling: note it here": "A Meituan não informa a decisão: anote aqui",
  "Upheld: Meituan found for the store": "Aceito: a Meituan deu razão ao estabelecimento",
  Rejected: "Recusado",
  "Reason for refusing": "Motivo da recusa",
  "The customer may then appeal to Meituan once": "O cliente pode depois recorrer uma vez ao Meituan",
  Items: "Itens",
  "Of pickups the hand-over stays in Tongdan: Meituan has no call for it":
    "A entrega de uma retirada fica no Tongdan: a Meituan não tem chamada para isso",
  "Notes stay in Tongdan: Meituan has no call for them": "As observações ficam no Tongdan: o Meituan não as recebe",
  "Reminders of customers": "Cobranças de clientes",
  "Why and by whom an order was cancelled": "Por que e por quem um pedido foi cancelado",
  "Intermediate states of delivery, such as an earlier rider": "Estados intermediários da entrega, como um entregador anterior",
  "Whether a refund's money has moved, and intermediate steps of a case":
    "Se o dinheiro de um reembolso saiu, e etapas intermediárias de um caso",
  app_id: "app_id",
  consumer_secret: "consumer_secret",
  "app_poi_code of the shop": "app_poi_code da loja",
  "Without a public address: new orders up to 1 minute late, cancels, refunds and delivery up to 5, refunds of delivered orders up to 15; no reminders and no reasons of cancels":
    "Sem endereço público: pedidos novos até 1 minuto atrasados; cancelamentos, reembolsos e entregas até 5; reembolsos de pedidos entregues até 15; sem cobranças nem motivos de cancelamento",
  Reason: "Motivo",
  'An absolute number for each specification of a dish; a dish with "*" (unlimited) gets a number once it is bound':
    'Um número absoluto para cada variação de um prato; um prato com "*" (ilimitado) recebe um número ao ser vinculado',
  "Out of stock": "Sem estoque",
  "The buyer changed their mind": "O comprador desistiu",
  "The buyer has not enough money": "O comprador não tem dinheiro suficiente",
  "The buyer does not answer": "O comprador não responde",
  "The buyer is dubious": "O comprador é suspeito",
  "The seller changed their mind": "O vendedor desistiu",
  "The other side does not honour the policies": "A outra parte não cumpre as políticas",
  "The product is not available": "O produto não está disponível",
  "The product is not finished": "O produto não está pronto",
  "The seller is on holiday": "O vendedor está de férias",
  "The commission is too high": "A comissão é alta demais",
  "The taxes are too high": "Os impostos são altos demais",
  "The shipping cost is too high": "O frete é caro demais",
  "The shipping cost is wrong": "O valor do frete está errado",
  "The receiver's address is wrong": "O endereço do destinatário está errado",
  "It must be collected at the seller": "É preciso retirar com o vendedor",
  "The shipping policy does not suit": "A política de envio não serve",
  "The label could not be printed": "Não foi possível imprimir a etiqueta",
  "The label cannot be read": "Não dá para ler a etiqueta",
  "The carrier did not collect it": "A transportadora não coletou",
  "The package was refused": "O pacote foi recusado",
  "Another problem with the shipment": "Outro problema com o envio",
  "Another problem with the carrier": "Outro problema com a transportadora",
  "Other, on our side": "Outro, da nossa parte",
  "Other, on the buyer's side": "Outro, da parte do comprador",
  "a search for orders by their date of creation (orders/search)": "uma busca de pedidos pela data de criação (orders/search)",
  "this shop is not that of the authorised account": "esta loja não é a da conta autorizada",
  "more than 9,950 orders on one day: the platform's search cannot list them":
    "mais de 9.950 pedidos em um dia: a busca da plataforma não consegue listá-los",
  "Mercado Libre": "Mercado Livre",
  "Mercado Libre has no call for it: the mark stays in Tongdan. A printed label shows as ready by itself.":
    "O Mercado Livre não recebe isso: a marca fica no Tongdan. Uma etiqueta impressa aparece como pronta sozinha.",
  "Only for ME1 and custom shipping. With ME2 (Mercado Envíos) the platform chooses the carrier and gives the tracking number: it is imported, never written back. For ME1 give tracking number and tracking page together, or neither.":
    "Só para ME1 e envio próprio. Com ME2 (Mercado Envios) a plataforma escolhe a transportadora e dá o código de rastreio: ele é lido, nunca gravado. No ME1 informe o código e a página de rastreio juntos, ou nenhum.",
  "Tracking number": "Código de rastreio",
  "Tracking page (https://…)": "Página de rastreio (https://…)",
  Carrier: "Transportadora",
  "Only for ME1 and custom shipping: the seller must report the arrival or is penalised, and for ME1 it is final. ME2 is reported by the platform.":
    "Só para ME1 e envio próprio: o vendedor deve informar a chegada ou é penalizado, e no ME1 é definitivo. O ME2 é informado pela plataforma.",
  'Cancels by a feedback "not fulfilled": the buyer is refunded, it counts in the seller\'s cancellations, and it cannot be taken back. Only before the parcel leaves.':
    'Cancela com uma qualificação de "não concretizada": o comprador é reembolsado, conta nos cancelamentos do vendedor e não pode ser desfeito. Só antes de o pacote sair.',
  "Message to the buyer": "Mensagem ao comprador",
  "Writes the seller's private note, which the buyer does not see. At most 300 characters.":
    "Escreve a nota privada do vendedor, que o comprador não vê. Máximo de 300 caracteres.",
  Note: "Observação",
  "The moments at which an order's status changed: a read gives the present one only, those between are known only when they were read in time. A parcel's history can be read later.":
    "Os momentos em que a situação de um pedido mudou: uma consulta só dá a atual; as intermediárias só são conhecidas se lidas a tempo. O histórico de um pacote pode ser lido depois.",
  "Application id (Client ID)": "Id do aplicativo (Client ID)",
  "Client secret": "Chave secreta (Client secret)",
  "PKCE is switched on in the application (yes)": "PKCE está ativado no aplicativo (yes)",
  "Site (MLB, MLM, MLA, MLC, MCO)": "Site (MLB, MLM, MLA, MLC, MCO)",
  "A refresh token that you already have (usually empty: use the consent page)":
    "Um refresh token que você já tem (normalmente vazio: use a página de autorização)",
  "The seller's user id, known after the consent": "O id de usuário do vendedor, conhecido após a autorização",
  "The notifications callback URL of the application; choose the topics orders_v2, orders_feedback, shipments and payments":
    "A URL de notificações do aplicativo; escolha os tópicos orders_v2, orders_feedback, shipments e payments",
  "Works without a public address: changes are searched every 5 minutes and open orders read again every 30, so a parcel's state can be half an hour late.":
    "Funciona sem endereço público: as mudanças são buscadas a cada 5 minutos e os pedidos abertos relidos a cada 30, então a situação de um pacote pode atrasar meia hora.",
  "Sets the available quantity; 0 pauses the listing and more wakes it. Stock in Full is the platform's and is not written":
    "Define a quantidade disponível; 0 pausa o anúncio e mais o reativa. O estoque no Full é da plataforma e não é gravado",
  "Store bound or taken out": "Unidade vinculada ou retirada",
  "Result of a store's check": "Resultado da análise de uma unidade",
  "Kind of app: isv for a vendor's app, empty for your own": "Tipo de app: isv se for de um fornecedor, vazio se for seu",
  "A vendor's app: the token is fetched once a store is bound, and its end is told at once":
    "App de um fornecedor: o token é pedido assim que a unidade é vinculada, e o seu fim é avisado na hora",
  "What became of a store's check: kept to be looked up": "Como ficou a análise de uma unidade: guardada para consulta",
  "A vendor's app (ISV): say isv as the kind of app and make an account for each store with its app_poi_code; its token is fetched and renewed by itself.":
    "App de um fornecedor (ISV): informe isv como tipo de app e crie uma conta para cada unidade com o seu app_poi_code; o token é pedido e renovado sozinho.",
};
