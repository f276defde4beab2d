// SPDX-License-Identifier: MIT
//
// text_es - every word that the page shows, in Spanish; see text.js.

export default {
	labels: {
		title: 'Consola',
		tools: 'Herramientas de la consola',
		screen: 'Pantalla de la consola. Pulse Ctrl, Alt y Mayús a la vez para pasar a la '
			+ 'barra de herramientas.',
		keyboard: 'Teclado en pantalla',
		clipboard: 'Portapapeles',
		clipboard_new: 'Portapapeles (texto nuevo de la consola)',
		ctrlaltdel: 'Enviar Ctrl+Alt+Supr',
		fullscreen: 'Pantalla completa',
		fullscreen_off: 'Salir de pantalla completa',
		clipboard_text: 'Texto para enviar a la consola o recibido de ella',
		clipboard_hint: 'Aquí aparece el texto copiado en la consola. Lo que envíe se podrá '
			+ 'pegar allí, si la máquina admite un portapapeles compartido.',
		clipboard_send: 'Enviar a la consola',
		clipboard_copy: 'Copiar',
		clipboard_copied: 'Copiado',
		clipboard_by_hand: 'Seleccionado: pulse Ctrl+C',
		clipboard_close: 'Cerrar el portapapeles',
		typing: 'Escriba aquí para enviar teclas a la consola',
		keys: 'Teclas',
		keys_close: 'Cerrar las teclas',
		keys_modifiers: 'Una pulsación: para la tecla siguiente. Dos: queda pulsada.',
		keys_combinations: 'Combinaciones de teclas',
		keys_keys: 'Teclas sueltas',
		keys_functions: 'Teclas de función',
		keys_terminals: 'Con Ctrl+Alt',
		type: 'Teclear texto',
		type_close: 'Cerrar',
		type_text: 'Texto que se tecleará',
		type_layout: 'Distribución del teclado',
		type_speed: 'Velocidad',
		speed_normal: 'Normal',
		speed_slow: 'Lenta, si se pierden caracteres',
		type_hint: 'Se teclea como en un teclado, donde el portapapeles no llega.',
		type_layout_hint: 'Debe ser la distribución configurada allí, con Bloq Mayús desactivado.',
		type_start: 'Teclear',
		type_cancel: 'Cancelar',
		picture: 'Guardar una imagen de la pantalla',
	},

	phases: {
		loading: 'Cargando',
		idle: 'Sin conexión',
		connecting: 'Conectando',
		connected: 'Conectado',
		waiting: 'Reconectando',
		reconnecting: 'Reconectando',
		ended: 'Finalizado',
	},

	actions: {
		connect: 'Conectar',
		now: 'Reconectar ahora',
		again: 'Reintentar',
		reload: 'Recargar la página',
		countdown: 'Nuevo intento en {seconds} s',
		trying: 'Reconectando…',
	},

	words: {
		loading: ['Cargando…', ''],
		idle: ['Consola', 'Conéctese cuando quiera.'],
		connecting: ['Conectando…', 'La consola se está abriendo.'],
		ended: ['Esta sesión de consola ha terminado',
			'Para volver a abrir la consola, solicite un enlace nuevo.'],
		off: ['La máquina está apagada',
			'La consola se abrirá sola en cuanto la máquina esté en marcha.'],
		host: ['El servidor de la máquina no responde',
			'En este momento no se puede acceder al servidor que ejecuta esta máquina.'],
		refused: ['Se ha denegado la consola',
			'El servidor que ejecuta esta máquina no la ha abierto. Si el problema '
			+ 'continúa, solicite un enlace nuevo.'],
		limit: ['Hay demasiadas consolas abiertas',
			'Cierre alguna otra e inténtelo de nuevo, o solicite un enlace nuevo.'],
		admin: ['Un administrador ha finalizado esta sesión',
			'Para volver a abrir la consola, solicite un enlace nuevo.'],
		closed: ['Esta sesión de consola se ha cerrado',
			'Para volver a abrir la consola, solicite un enlace nuevo.'],
		restart: ['El servicio de consola se está reiniciando',
			'La consola volverá por sí sola.'],
		lost: ['Se ha perdido la conexión', 'Esto no afecta a su máquina.'],
		failed: ['No se ha podido abrir la consola',
			'La conexión se cerró antes de tiempo.'],
		unreachable: ['No se puede acceder al servicio de consola',
			'Compruebe su conexión de red.'],
		silent: ['El servicio de consola no responde',
			'No ha habido respuesta desde hace varios minutos. Inténtelo de nuevo o '
			+ 'solicite un enlace nuevo.'],
		gone: ['Este enlace ya no es válido',
			'Su plazo ha terminado. Para volver a abrir la consola, solicite un enlace '
			+ 'nuevo.'],
		nothing: ['Aquí no hay ninguna consola',
			'Esta página no tiene contraseña para ninguna consola. Solicite un enlace '
			+ 'nuevo.'],
		password: ['La consola no ha aceptado su contraseña', 'Solicite un enlace nuevo.'],
		broken: ['Esta página no se ha cargado por completo',
			'Recárguela. Si no sirve de nada, use un navegador actual.'],
	},

	keys: {
		ctrl: 'Ctrl',
		alt: 'Alt',
		shift: 'Mayús',
		win: 'Win',
		esc: 'Esc',
		tab: 'Tab',
		enter: 'Intro',
		backspace: 'Retroceso',
		insert: 'Insert',
		del: 'Supr',
		home: 'Inicio',
		end: 'Fin',
		pageup: 'Re Pág',
		pagedown: 'Av Pág',
		left: 'Izquierda',
		up: 'Arriba',
		down: 'Abajo',
		right: 'Derecha',
		print: 'Impr',
	},

	held: {
		off: '{key}',
		once: '{key}: para la tecla siguiente',
		locked: '{key}: queda pulsada',
	},

	typed: {
		count: '{done} de {total}',
		all: 'Tecleado: {total} caracteres.',
		stopped: 'Detenido: se han tecleado {done} de {total} caracteres.',
		missing: '«{character}», en la línea {line}, no se puede teclear con la distribución '
			+ '{layout}. No se ha tecleado nada.',
		missing_here: '«{character}», en la línea {line}, no se puede teclear aquí. No se ha '
			+ 'tecleado nada.',
		broken: 'No se ha podido teclear el texto. Recargue la página.',
	},

	layouts: {
		us: 'Inglés (EE. UU.)',
		uk: 'Inglés (Reino Unido)',
		de: 'Alemán',
		fr: 'Francés',
		es: 'Español',
		it: 'Italiano',
		pt: 'Portugués',
		pl: 'Polaco',
		se: 'Sueco',
		dk: 'Danés',
		no: 'Noruego',
		ch: 'Alemán (Suiza)',
	},

	reasons: {
		'The console was not used in time.': 'La consola no se ha usado a tiempo.',
		'The console was left for too long.':
			'La consola ha estado abandonada demasiado tiempo.',
		'The console\'s time is over.': 'El tiempo de la consola se ha agotado.',
		'The console\'s session has ended.': 'La sesión de la consola ha terminado.',
		'An administrator ended the console.': 'Un administrador ha finalizado la consola.',
		'The console service is restarting.': 'El servicio de consola se está reiniciando.',
		'The virtual machine is switched off or has no screen.':
			'La máquina virtual está apagada o no tiene pantalla.',
		'The virtual machine was not found.': 'No se ha encontrado la máquina virtual.',
		'The machine is being moved to another server.':
			'La máquina se está moviendo a otro servidor.',
		'The hypervisor can\'t be reached at the moment.':
			'En este momento no se puede acceder al hipervisor.',
		'The hypervisor did not answer in time.': 'El hipervisor no ha respondido a tiempo.',
		'The hypervisor could not be verified.':
			'No se ha podido verificar la identidad del hipervisor.',
		'The console service may not connect to this hypervisor.':
			'El servicio de consola no puede conectarse a este hipervisor.',
		'The hypervisor refused to open the console.':
			'El hipervisor se ha negado a abrir la consola.',
		'This kind of console is not available here.':
			'Este tipo de consola no está disponible aquí.',
		'The machine has no serial console.': 'La máquina no tiene consola serie.',
		'The hypervisor gave an answer that was not understood.':
			'No se ha entendido la respuesta del hipervisor.',
		'Too many consoles are open at the moment.':
			'En este momento hay demasiadas consolas abiertas.',
		'Too many consoles are open from your address at the moment.':
			'En este momento hay demasiadas consolas abiertas desde su dirección.',
		'The console service has a problem of its own.':
			'El propio servicio de consola tiene un problema.',
		'The screen refused the connection this time.':
			'Esta vez la pantalla ha rechazado la conexión.',
		'The connection to the screen was interrupted.':
			'La conexión con la pantalla se ha interrumpido.',
		'The connection to the screen was lost.': 'Se ha perdido la conexión con la pantalla.',
		'The browser did not finish connecting.':
			'El navegador no ha terminado de conectarse.',
		'The browser could not keep up with the console.':
			'El navegador no ha podido seguir el ritmo de la consola.',
		'The console\'s password was wrong.': 'La contraseña de la consola era incorrecta.',
		'The browser sent something that was not understood.':
			'El navegador ha enviado algo que no se ha entendido.',
	},

	terminal: {
		screen: 'Terminal. Pulse Ctrl, Alt y Mayús a la vez para salir a la barra de '
			+ 'herramientas.',
		too_much: 'Hay demasiado texto para leerlo en voz alta. Vaya a las líneas para '
			+ 'leerlas.',
		search: 'Buscar',
		search_text: 'Buscar en el terminal',
		search_case: 'Distinguir mayúsculas y minúsculas',
		search_back: 'Coincidencia anterior (Intro)',
		search_on: 'Coincidencia siguiente (Mayús+Intro)',
		search_none: 'Nada',
		search_close: 'Cerrar la búsqueda',
		options: 'Tamaño del texto y lectura',
		options_close: 'Cerrar',
		font_size: 'Tamaño del texto',
		font_smaller: 'Texto más pequeño (Ctrl+−)',
		font_larger: 'Texto más grande (Ctrl++)',
		screen_reader: 'Lector de pantalla',
		screen_reader_hint: 'Lee el texto en voz alta y permite recorrer sus líneas.',
		shortcuts: 'Teclas',
		shortcut_copy: 'Copiar lo seleccionado',
		shortcut_paste: 'Pegar',
		shortcut_search: 'Buscar',
		shortcut_size: 'Texto más grande, más pequeño, normal',
		shortcut_leave: 'Ir del terminal a la barra',
		clipboard_hint: 'Pegue aquí lo que quiera enviar. El texto que un programa ofrece '
			+ 'para su portapapeles aparece aquí y solo llega allí cuando pulse «Copiar».',
		clipboard_lines: 'Este texto tiene saltos de línea: un intérprete de órdenes puede '
			+ 'ejecutar cada línea en cuanto llegue. Léalo antes de enviarlo.',
		clipboard_screen: 'Texto de la pantalla',
		copied: 'Copiado',
		not_copied: 'El navegador no ha permitido copiar',
		ask: '¿Abrir este enlace?',
		ask_text: 'El terminal muestra otras palabras en su lugar. Se abre en una pestaña '
			+ 'nueva.',
		ask_open: 'Abrir',
		ask_cancel: 'Cancelar',
		keys: 'Más teclas',
		copying: 'Texto que se está copiando',
	},
};
