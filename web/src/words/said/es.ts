// What connectors say about their platforms, by its English: the service gives it in Chinese and English alone.
export const said: Record<string, string> = {
  "What each order settles at, for the books": "Por cuánto se liquida cada pedido, para las cuentas",
  "Choose the topics orders_v2, orders_feedback, shipments and payments.":
    "Elige los temas orders_v2, orders_feedback, shipments y payments.",
  "The sign-in of the owner of the seller's account: a collaborator cannot authorise":
    "El acceso del titular de la cuenta del vendedor: un colaborador no puede autorizar",
  "Make an application in DevCenter, copy Client ID and Client Secret; where PKCE is switched on, say yes in Tongdan's app as well.":
    "Crea una aplicación en DevCenter y copia Client ID y Client Secret; si PKCE está activado, pon yes también en la aplicación de Tongdan.",
  "New orders within a second; without it up to a minute late": "Los pedidos nuevos, en un segundo; sin él, hasta un minuto tarde",
  "Kitchen and rider stop at once; why it was cancelled stands in this message alone":
    "Cocina y repartidor paran al momento; el motivo de la cancelación solo viene en este mensaje",
  "Under 基础设置 → 订单订阅字段 choose 12, 13, 15, 19 or 38, 20, 22, 23, 28, 29, 35.":
    "En 基础设置 → 订单订阅字段 elige 12, 13, 15, 19 o 38, 20, 22, 23, 28, 29, 35.",
  "Deliveries of stores that deliver themselves": "Entregas de locales con reparto propio",
  "An https address that the internet reaches; it works without one, with changes arriving late":
    "Una dirección https accesible desde internet; funciona sin ella, con cambios que llegan tarde",
  "Sellers in Brazil, Mexico, Argentina, Chile or Colombia: each seller's account is authorised once.":
    "Vendedores de Brasil, México, Argentina, Chile o Colombia: cada cuenta de vendedor se autoriza una vez.",
  "Back in Tongdan press authorise; the owner agrees.": "De vuelta en Tongdan, pulsa autorizar; acepta el titular.",
  "Refund requests reach the inbox: they must be answered within 30 minutes":
    "Las solicitudes de reembolso llegan a la bandeja: hay que responder en 30 minutos",
  "An address that the internet reaches, on port 80 or 8080; it works without one, with orders arriving late":
    "Una dirección accesible desde internet, en el puerto 80 u 8080; funciona sin ella, con pedidos que llegan tarde",
  "Choose the store in Tongdan and press authorise; the merchant signs in at Meituan and chooses the store, and the token is pushed back.":
    "Elige el local en Tongdan y pulsa autorizar; el comerciante entra en Meituan y elige el local, y el token llega por mensaje.",
  "Enter the callback addresses below, first those of binding, unbinding and the heartbeat: Meituan's acceptance looks at them.":
    "Introduce las direcciones de abajo, primero las de vinculación, desvinculación y latido: la revisión de Meituan las mira.",
  "A developer account at developer.meituan.com with developerId and signKey":
    "Una cuenta de desarrollador en developer.meituan.com con developerId y signKey",
  "Whether the money has moved: no read tells it": "Si el dinero se ha movido: ninguna lectura lo dice",
  "Through a software vendor: the vendor has a developer account, and each merchant authorises his stores to it. Most new restaurants take this way.":
    "A través de un proveedor de software: el proveedor tiene cuenta de desarrollador y cada comerciante le autoriza sus locales. Es la vía de la mayoría de los restaurantes nuevos.",
  "Customers' reminders: no read tells them": "Avisos de clientes que reclaman: ninguna lectura los da",
  "Privacy numbers that fail are replaced by real ones": "Los números de privacidad que fallan se sustituyen por los reales",
  "A store that was unbound is told at once": "Si un local se desvincula, se avisa al momento",
  "A merchant or chain with an app of its own (app_id): the stores are bound to that app.":
    "Un comercio o cadena con aplicación propia (app_id): los locales se vinculan a esa aplicación.",
  "Enter the redirect address and the notifications address that Tongdan shows, byte for byte.":
    "Introduce la dirección de retorno y la de notificaciones que muestra Tongdan, carácter por carácter.",
  "An account at Meituan's open platform (开发者中心) with app_id and consumer_secret":
    "Una cuenta en la plataforma abierta de Meituan (开发者中心) con app_id y consumer_secret",
  "Statements: kept, and not read": "Liquidaciones: se guardan y no se leen",
  "Bind the stores to the app; each app_poi_code is of your choice.":
    "Vincula los locales a la aplicación; cada app_poi_code lo eliges tú.",
  "The stores' app_poi_codes bound to the app": "Los app_poi_code de los locales, vinculados a la aplicación",
  "Enter each callback address below exactly as shown: Meituan signs the whole address.":
    "Introduce cada dirección de abajo tal cual: Meituan firma la dirección entera.",
  "The merchant's own sign-in at Meituan for each store, for authorising":
    "El acceso del comerciante en Meituan para cada local, para autorizar",
  "Changes of orders and parcels within seconds; without it by a search every 5 minutes":
    "Cambios de pedidos y paquetes en segundos; sin él, por una búsqueda cada 5 minutos",
  "Orders accepted in Meituan's own app become accepted here": "Los pedidos aceptados en la app de Meituan quedan aceptados aquí",
  "The store's token comes here: without it nothing can be authorised": "Aquí llega el token del local: sin él no se puede autorizar nada",
  "An address that the internet reaches, on port 80 or 8080: the tokens are pushed to it":
    "Una dirección accesible desde internet, en el puerto 80 u 8080: ahí llegan los tokens",
  "The rider takes it, arrives, collects, delivers": "El repartidor lo acepta, llega, recoge y entrega",
  "A store that is put to rest or offline is told at once": "Si un local queda cerrado o fuera de línea, se avisa al momento",
  "Meituan publishes no time for its review of an app and its subscriptions: plan days, not hours. Authorising and binding take effect at once.":
    "Meituan no publica cuánto tarda en revisar una aplicación y sus suscripciones: cuenta con días, no con horas. Autorizar y vincular tienen efecto inmediato.",
  "The order ends, and counts in the day's books": "El pedido termina y cuenta en las cuentas del día",
  "Requests for a part reach the inbox": "Las solicitudes de reembolso parcial llegan a la bandeja",
  "An application in the developer panel (DevCenter) of your country: Client ID and Client Secret":
    "Una aplicación en el panel de desarrolladores (DevCenter) de tu país: Client ID y Client Secret",
  "Sign in to developer.meituan.com, copy developerId and signKey.": "Entra en developer.meituan.com y copia developerId y signKey.",
  "Making an application and authorising it take effect at once.": "Crear una aplicación y autorizarla tiene efecto inmediato.",
  "Sign in to the developer console, open the app, copy app_id and consumer_secret.":
    "Entra en la consola de desarrolladores, abre la aplicación y copia app_id y consumer_secret.",
  "How stores are authorised: oauth, or empty for Meituan's page of store maps":
    "Cómo se autorizan los locales: oauth, o vacío para la página de mapas de locales de Meituan",
  "Only shops that deliver themselves or by the crowd can change their areas":
    "Solo las tiendas con reparto propio o por multitud pueden cambiar sus zonas",
  "A SKU bound to the stock gets its number from there and shows 0 while its dish is written; a changed picture is uploaded first":
    "Un SKU vinculado al inventario recibe de ahí su número y muestra 0 mientras se escribe su plato; una imagen cambiada se sube primero",
  "People at Meituan look at a shop's picture. Give its address, or the number of an uploaded one; if Meituan takes no number, the change says so":
    "En Meituan revisan a mano la foto de una tienda. Da su dirección, o el número de una foto subida; si Meituan no acepta números, el cambio lo dice",
  "Network printer (ESC/POS)": "Impresora de red (ESC/POS)",
  "Print the printer's self-test (hold the feed key while switching it on): its IP address is on it; the port is 9100 as a rule. Fix that address in the router.":
    "Imprime la autoprueba de la impresora (enciéndela con la tecla de avance pulsada): ahí está su dirección IP; el puerto suele ser 9100. Fija esa dirección en el router.",
  "Label printer (ZPL)": "Impresora de etiquetas (ZPL)",
  "A network label printer that takes ZPL (Zebra and compatible ones), paper of 100×150 mm, 203 dpi. Its IP address is in its network settings or on its configuration label; the port is 9100 as a rule. Fix that address in the router.":
    "Una impresora de etiquetas de red que acepta ZPL (Zebra y compatibles), papel de 100×150 mm, 203 dpi. Su dirección IP está en sus ajustes de red o en su etiqueta de configuración; el puerto suele ser 9100. Fija esa dirección en el router.",
  "Only for ME2 parcels that are ready to print or printed. Full, ME1 and custom shipments have none. The first time the platform takes the label for printed, after which a Brazilian invoice cannot change. It is printed as it comes.":
    "Solo para paquetes ME2 listos para imprimir o impresos. Full, ME1 y envíos propios no tienen. La primera vez la plataforma da la etiqueta por impresa; después una factura brasileña ya no cambia. Se imprime tal como viene.",
  "Feie cloud printer": "Impresora en la nube Feie",
  "USER and UKEY are in the account's page of Feie's console; the printer's SN and KEY are on the label below it.":
    "USER y UKEY están en la página de la cuenta de Feie; el SN y la KEY de la impresora, en la etiqueta de abajo.",
  "USER (name at Feie)": "USER (nombre en Feie)",
  UKEY: "UKEY",
  "Printer's SN": "SN de la impresora",
  "Printer's KEY (to add it the first time)": "KEY de la impresora (para añadirla la primera vez)",
  "Yilianyun cloud printer": "Impresora en la nube Yilianyun",
  "Make an application of one's own on Yilianyun's open platform: it has an id and a secret; the terminal's number and key are on the label below the printer.":
    "Crea una aplicación propia en la plataforma abierta de Yilianyun: tiene un id y un secreto; el número y la clave del terminal están en la etiqueta debajo de la impresora.",
  "Application id": "Id de la aplicación",
  "Application secret": "Secreto de la aplicación",
  "Terminal number": "Número del terminal",
  "Terminal key (to add it the first time)": "Clave del terminal (para añadirlo la primera vez)",
  "WeCom group robot": "Robot de grupo de WeCom",
  "DingTalk group robot": "Robot de grupo de DingTalk",
  "Feishu group robot": "Robot de grupo de Feishu",
  "Lark group robot": "Robot de grupo de Lark",
  "Aliyun SMS": "SMS de Aliyun",
  "Tencent Cloud SMS": "SMS de Tencent Cloud",
  "key of the webhook's address": "key de la dirección del webhook",
  access_token: "access_token",
  "signing secret": "secreto de firma",
  keyword: "palabra clave",
  "last part of the webhook's address": "última parte de la dirección del webhook",
  "AccessKey ID": "AccessKey ID",
  "AccessKey secret": "AccessKey Secret",
  SecretId: "SecretId",
  SecretKey: "SecretKey",
  SmsSdkAppId: "SmsSdkAppId",
  "signature name": "nombre de la firma",
  "template of sign-in codes (variable code)": "plantilla de los códigos de acceso (variable code)",
  "template of knocks (variables what, left, link)": "plantilla de los avisos (variables what, left, link)",
  "The whole shop rests (poi/close); Meituan does not end that by itself, Tongdan opens it again in time":
    "La tienda entera se cierra (poi/close); Meituan no la abre sola, Tongdan la vuelve a abrir a tiempo",
  Cash: "Efectivo",
  "QR code": "Código QR",
  Card: "Tarjeta",
  Counter: "Mostrador",
  "The store gives the money back; Tongdan writes it down": "El local devuelve el dinero; Tongdan lo anota",
  "the daily numbers that were drawn for entries": "los números del día que se dieron a los pedidos cargados",
  "A delivery leaves; anything else is handed to the customer, which ends the order":
    "Un envío sale; lo demás se entrega al cliente y el pedido termina",
  "Paid by (when it is collected now)": "Forma de pago (si se cobra ahora)",
  "The store's id (made by Tongdan)": "El id del local (lo crea Tongdan)",
  "Signing secret (drawn by Tongdan)": "Clave de firma (la genera Tongdan)",
  "The store gives back what was paid": "El local devuelve lo pagado",
  "An order that was entered": "Un pedido cargado",
  "the platform has no means to count the orders of a day": "la plataforma no permite contar los pedidos de un día",
  "for three days the platform did not give its count of this day":
    "durante tres días la plataforma no dio el número de pedidos de este día",
  developerId: "developerId",
  signKey: "signKey",
  "Meituan Waimai (service provider)": "Meituan Waimai (proveedor de servicios)",
  "ePoiId of the shop: a number of your own choice, given before it is bound":
    "ePoiId de la tienda: un número que eliges tú, antes de vincularla",
  "appAuthToken (if there is one already; otherwise authorise, which binds the store)":
    "appAuthToken (si ya lo tienes; si no, autoriza y se vincula el local)",
  "Store bound": "Local vinculado",
  "Store unbound": "Local desvinculado",
  "New order": "Pedido nuevo",
  "Fee at most (yuan)": "Tarifa como máximo (yuanes)",
  "The fee of crowd riders moves: if it has become more, nobody is sent for and you are asked again":
    "La tarifa cambia: si subió, no se pide a nadie y se te pregunta otra vez",
  "Tip in total (yuan)": "Propina en total (yuanes)",
  "Whoever the store sends, when he takes it, is at the store or does not come, with name and number, told by itself; his place on the way at most every 15 seconds":
    "Quien envía el local: cuando lo acepta, llega al local o no viene, con nombre y teléfono, se informa solo; su ubicación en camino, como mucho cada 15 segundos",
  "Until a rider has taken it; the new total, not what is added": "Hasta que alguien lo tome; el total nuevo, no lo que se agrega",
  "Until a rider has the meal; Meituan may charge for it": "Hasta que el repartidor tenga la comida; Meituan puede cobrarlo",
  "Until a rider has taken it": "Hasta que alguien lo tome",
  "Two orders in a row within an hour that nobody accepts: the shop is put to rest":
    "Dos pedidos seguidos en una hora sin aceptar: la tienda queda en pausa",
  "Accept or refuse at once; the next order that is accepted begins the count anew":
    "Acepta o rechaza enseguida; el próximo pedido aceptado reinicia la cuenta",
  "An order that is not accepted within five minutes is cancelled": "Un pedido sin aceptar en cinco minutos se cancela",
  "Accept it at once": "Acéptalo enseguida",
  "A refund request that nobody answers in time is agreed to": "Una solicitud de reembolso sin respuesta a tiempo se acepta",
  "Answer the request": "Responde la solicitud",
  "More than ten messages in five minutes of which over 80 % fail: the shop is put to rest":
    "Más de diez avisos en cinco minutos con más del 80 % fallidos: la tienda queda en pausa",
  "Look after the server and its database; other work gives way by itself": "Revisa el servidor y su base; lo demás cede solo",
  "No pull for five minutes puts the shop to rest, where nothing is pushed":
    "Cinco minutos sin consultas pausan la tienda, si no hay avisos",
  "Look after the network; pulls come sooner by themselves": "Revisa la red; las consultas se adelantan solas",
  "Order paid": "Pedido pagado",
  "Order confirmed": "Pedido confirmado",
  "Order completed": "Pedido completado",
  "Order cancelled": "Pedido cancelado",
  "Full refund": "Reembolso total",
  "Partial refund": "Reembolso parcial",
  "Refund result": "Resultado del reembolso",
  "Delivery status": "Estado de la entrega",
  "Delivery status of self-delivery": "Estado de la entrega propia",
  "Customer's reminder": "Reclamo del cliente",
  "Store status": "Estado del local",
  "Privacy numbers are down": "Los números de privacidad no funcionan",
  Settlement: "Liquidación",
  "Sold out": "Agotado",
  "Shop is too busy": "La tienda está saturada",
  "Shop has closed": "La tienda ya cerró",
  "Address cannot be delivered to": "No se puede entregar en esa dirección",
  "Customer cannot be reached": "No se logra contactar al cliente",
  "Duplicate order": "Pedido duplicado",
  "Customer asked for it": "Lo pidió el cliente",
  "Accepted too late": "Aceptado demasiado tarde",
  "Order changed, not by the customer": "Pedido modificado, no por el cliente",
  "Cancelled, not by the customer": "Cancelado, no por el cliente",
  "Delivery is late": "La entrega se retrasa",
  "Complaint after sale": "Queja posventa",
  "Rider was slow to fetch it": "El repartidor tardó en recogerlo",
  "Rider was slow to bring it": "El repartidor tardó en llevarlo",
  "Rider lost or spilt it": "El repartidor lo perdió o lo derramó",
  "Other reason": "Otro motivo",
  "each number of the day looked up (getOrderDaySeq, getOrderIdByDaySeq)":
    "cada número del día consultado (getOrderDaySeq, getOrderIdByDaySeq)",
  "Meituan keeps the numbers of 30 days only": "Meituan solo guarda los números de 30 días",
  "the app has no right to the numbers of the day; apply for it in Meituan's console":
    "la aplicación no tiene permiso para los números del día; solicítalo en la consola de Meituan",
  Answer: "Respuesta",
  "Each reminder is answered once": "Cada reclamo se responde una vez",
  "It is being made": "Se está preparando",
  "The rider has it": "Lo tiene el repartidor",
  Explanation: "Explicación",
  "Meituan Waimai": "Meituan Waimai",
  "Within 5 minutes; where Meituan delivers it also sends for a rider":
    "En menos de 5 minutos; donde reparte Meituan también llama a un repartidor",
  "Until it is completed; Meituan's delivery is cancelled with it": "Hasta que se completa; la entrega de Meituan se cancela con él",
  "Meituan offers no way to read it back": "Meituan no ofrece forma de consultarlo",
  Courier: "Repartidor",
  "After 30 minutes Meituan agrees by itself (large chains: 3 hours)":
    "A los 30 minutos Meituan acepta por su cuenta (grandes cadenas: 3 horas)",
  "Reason for the appeal": "Motivo de la apelación",
  Pictures: "Fotos",
  "What you say": "Qué alegas",
  "It was made in time: pictures prove it": "Estuvo listo a tiempo: las fotos lo prueban",
  "The rider has taken it already": "El repartidor ya lo retiró",
  "Once for each order; with pictures, at least one": "Una vez por pedido; con fotos, al menos una",
  "Once for each refund; the ruling is shown in Meituan's own app, note it here then":
    "Una vez por reembolso; el fallo se ve en la propia app de Meituan: anótalo aquí después",
  "The ruling": "El fallo",
  "Meituan tells no ruling: note it here": "Meituan no comunica el fallo: anótalo aquí",
  "Upheld: Meituan found for the store": "Aceptada: Meituan dio la razón al comercio",
  Rejected: "Rechazada",
  "Reason for refusing": "Motivo del rechazo",
  "The customer may then appeal to Meituan once": "El cliente puede después apelar una vez a Meituan",
  Items: "Artículos",
  "Of pickups the hand-over stays in Tongdan: Meituan has no call for it":
    "La entrega de un retiro queda en Tongdan: Meituan no tiene llamada para eso",
  "Notes stay in Tongdan: Meituan has no call for them": "Las notas quedan en Tongdan: Meituan no las recibe",
  "Reminders of customers": "Reclamos de clientes",
  "Why and by whom an order was cancelled": "Por qué y quién canceló un pedido",
  "Intermediate states of delivery, such as an earlier rider": "Estados intermedios de la entrega, como un repartidor anterior",
  "Whether a refund's money has moved, and intermediate steps of a case":
    "Si el dinero de un reembolso se movió, y pasos intermedios de un caso",
  app_id: "app_id",
  consumer_secret: "consumer_secret",
  "app_poi_code of the shop": "app_poi_code de la tienda",
  "Without a public address: new orders up to 1 minute late, cancels, refunds and delivery up to 5, refunds of delivered orders up to 15; no reminders and no reasons of cancels":
    "Sin dirección pública: pedidos nuevos hasta 1 minuto tarde; cancelaciones, reembolsos y entregas hasta 5; reembolsos de pedidos entregados hasta 15; sin reclamos ni motivos de cancelación",
  Reason: "Motivo",
  'An absolute number for each specification of a dish; a dish with "*" (unlimited) gets a number once it is bound':
    'Un número absoluto por cada variante de un plato; un plato con "*" (ilimitado) recibe un número al vincularlo',
  "Out of stock": "Sin existencias",
  "The buyer changed their mind": "El comprador se arrepintió",
  "The buyer has not enough money": "El comprador no tiene dinero suficiente",
  "The buyer does not answer": "El comprador no responde",
  "The buyer is dubious": "El comprador es dudoso",
  "The seller changed their mind": "El vendedor se arrepintió",
  "The other side does not honour the policies": "La otra parte no cumple las políticas",
  "The product is not available": "El producto no está disponible",
  "The product is not finished": "El producto no está terminado",
  "The seller is on holiday": "El vendedor está de vacaciones",
  "The commission is too high": "La comisión es demasiado alta",
  "The taxes are too high": "Los impuestos son demasiado altos",
  "The shipping cost is too high": "El envío es demasiado caro",
  "The shipping cost is wrong": "El costo de envío es incorrecto",
  "The receiver's address is wrong": "La dirección del destinatario es incorrecta",
  "It must be collected at the seller": "Hay que recogerlo donde el vendedor",
  "The shipping policy does not suit": "La política de envío no conviene",
  "The label could not be printed": "No se pudo imprimir la etiqueta",
  "The label cannot be read": "No se puede leer la etiqueta",
  "The carrier did not collect it": "El transportista no lo recogió",
  "The package was refused": "El paquete fue rechazado",
  "Another problem with the shipment": "Otro problema con el envío",
  "Another problem with the carrier": "Otro problema con el transportista",
  "Other, on our side": "Otro, de nuestra parte",
  "Other, on the buyer's side": "Otro, de parte del comprador",
  "a search for orders by their date of creation (orders/search)": "una búsqueda de pedidos por fecha de creación (orders/search)",
  "this shop is not that of the authorised account": "esta tienda no es la de la cuenta autorizada",
  "more than 9,950 orders on one day: the platform's search cannot list them":
    "más de 9.950 pedidos en un día: la búsqueda de la plataforma no puede listarlos",
  "Mercado Libre": "Mercado Libre",
  "Mercado Libre has no call for it: the mark stays in Tongdan. A printed label shows as ready by itself.":
    "Mercado Libre no lo recibe: la marca queda en Tongdan. Una etiqueta impresa aparece como lista por sí sola.",
  "Only for ME1 and custom shipping. With ME2 (Mercado Envíos) the platform chooses the carrier and gives the tracking number: it is imported, never written back. For ME1 give tracking number and tracking page together, or neither.":
    "Solo para ME1 y envío propio. Con ME2 (Mercado Envíos) la plataforma elige el transportista y da el número de seguimiento: se importa, nunca se escribe. En ME1 da el número y la página de seguimiento juntos, o ninguno.",
  "Tracking number": "Número de seguimiento",
  "Tracking page (https://…)": "Página de seguimiento (https://…)",
  Carrier: "Transportista",
  "Only for ME1 and custom shipping: the seller must report the arrival or is penalised, and for ME1 it is final. ME2 is reported by the platform.":
    "Solo para ME1 y envío propio: el vendedor debe informar la llegada o es penalizado, y en ME1 es definitivo. ME2 lo informa la plataforma.",
  'Cancels by a feedback "not fulfilled": the buyer is refunded, it counts in the seller\'s cancellations, and it cannot be taken back. Only before the parcel leaves.':
    'Cancela con una calificación de "no concretada": se reembolsa al comprador, cuenta en las cancelaciones del vendedor y no se puede deshacer. Solo antes de que salga el paquete.',
  "Message to the buyer": "Mensaje al comprador",
  "Writes the seller's private note, which the buyer does not see. At most 300 characters.":
    "Escribe la nota privada del vendedor, que el comprador no ve. Máximo 300 caracteres.",
  Note: "Nota",
  "The moments at which an order's status changed: a read gives the present one only, those between are known only when they were read in time. A parcel's history can be read later.":
    "Los momentos en que cambió el estado de un pedido: una consulta solo da el actual; los intermedios se conocen solo si se leyeron a tiempo. El historial de un paquete se puede leer después.",
  "Application id (Client ID)": "Id de la aplicación (Client ID)",
  "Client secret": "Clave secreta (Client secret)",
  "PKCE is switched on in the application (yes)": "PKCE está activado en la aplicación (yes)",
  "Site (MLB, MLM, MLA, MLC, MCO)": "Sitio (MLB, MLM, MLA, MLC, MCO)",
  "A refresh token that you already have (usually empty: use the consent page)":
    "Un refresh token que ya tengas (normalmente vacío: usa la página de autorización)",
  "The seller's user id, known after the consent": "El id de usuario del vendedor, se conoce tras la autorización",
  "The notifications callback URL of the application; choose the topics orders_v2, orders_feedback, shipments and payments":
    "La URL de notificaciones de la aplicación; elige los tópicos orders_v2, orders_feedback, shipments y payments",
  "Works without a public address: changes are searched every 5 minutes and open orders read again every 30, so a parcel's state can be half an hour late.":
    "Funciona sin dirección pública: los cambios se buscan cada 5 minutos y los pedidos abiertos se releen cada 30, así que el estado de un paquete puede llegar media hora tarde.",
  "Sets the available quantity; 0 pauses the listing and more wakes it. Stock in Full is the platform's and is not written":
    "Fija la cantidad disponible; 0 pausa la publicación y más la reactiva. El stock en Full es de la plataforma y no se escribe",
  "Store bound or taken out": "Local vinculado o retirado",
  "Result of a store's check": "Resultado de la revisión de un local",
  "Kind of app: isv for a vendor's app, empty for your own": "Tipo de aplicación: isv si es de un proveedor, vacío si es tuya",
  "A vendor's app: the token is fetched once a store is bound, and its end is told at once":
    "Aplicación de un proveedor: el token se pide en cuanto se vincula un local, y su fin se avisa al momento",
  "What became of a store's check: kept to be looked up": "En qué quedó la revisión de un local: se guarda para consultarla",
  "A vendor's app (ISV): say isv as the kind of app and make an account for each store with its app_poi_code; its token is fetched and renewed by itself.":
    "Aplicación de un proveedor (ISV): pon isv como tipo de aplicación y crea una cuenta para cada local con su app_poi_code; el token se pide y se renueva solo.",
};
