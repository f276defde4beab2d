// SPDX-License-Identifier: MIT
//
// text_pt - every word that the page shows, in Portuguese; see text.js.

export default {
	labels: {
		title: 'Console',
		tools: 'Ferramentas do console',
		screen: 'Tela do console. Pressione Ctrl, Alt e Shift juntos para ir à barra de '
			+ 'ferramentas.',
		keyboard: 'Teclado na tela',
		clipboard: 'Área de transferência',
		clipboard_new: 'Área de transferência (novo texto do console)',
		ctrlaltdel: 'Enviar Ctrl+Alt+Del',
		fullscreen: 'Tela cheia',
		fullscreen_off: 'Sair da tela cheia',
		clipboard_text: 'Texto a enviar ao console ou recebido dele',
		clipboard_hint: 'O texto copiado no console aparece aqui. O que você enviar poderá '
			+ 'ser colado lá, se a máquina tiver área de transferência compartilhada.',
		clipboard_send: 'Enviar ao console',
		clipboard_copy: 'Copiar',
		clipboard_copied: 'Copiado',
		clipboard_by_hand: 'Selecionado: pressione Ctrl+C',
		clipboard_close: 'Fechar a área de transferência',
		typing: 'Digite aqui para enviar teclas ao console',
		keys: 'Teclas',
		keys_close: 'Fechar as teclas',
		keys_modifiers: 'Pressione uma vez para a próxima tecla, duas para manter pressionada.',
		keys_combinations: 'Combinações de teclas',
		keys_keys: 'Teclas avulsas',
		keys_functions: 'Teclas de função',
		keys_terminals: 'Com Ctrl+Alt',
		type: 'Digitar texto',
		type_close: 'Fechar',
		type_text: 'Texto a digitar',
		type_layout: 'Layout do teclado',
		type_speed: 'Velocidade',
		speed_normal: 'Normal',
		speed_slow: 'Lenta, se faltarem caracteres',
		type_hint: 'Digitado como em um teclado, onde a área de transferência não chega.',
		type_layout_hint: 'Deve ser o layout configurado lá, com o Caps Lock desativado.',
		type_start: 'Digitar',
		type_cancel: 'Cancelar',
		picture: 'Salvar uma imagem da tela',
	},

	phases: {
		loading: 'Carregando',
		idle: 'Não conectado',
		connecting: 'Conectando',
		connected: 'Conectado',
		waiting: 'Reconectando',
		reconnecting: 'Reconectando',
		ended: 'Encerrado',
	},

	actions: {
		connect: 'Conectar',
		now: 'Reconectar agora',
		again: 'Tentar novamente',
		reload: 'Recarregar a página',
		countdown: 'Nova tentativa em {seconds} s',
		trying: 'Reconectando…',
	},

	words: {
		loading: ['Carregando…', ''],
		idle: ['Console', 'Conecte-se quando quiser.'],
		connecting: ['Conectando…', 'O console está sendo aberto.'],
		ended: ['Esta sessão de console terminou',
			'Para abrir o console novamente, solicite um novo link.'],
		off: ['A máquina está desligada',
			'O console se abrirá sozinho assim que a máquina estiver em execução.'],
		host: ['O servidor da máquina não responde',
			'No momento não é possível acessar o servidor que executa esta máquina.'],
		refused: ['O console foi recusado',
			'O servidor que executa esta máquina não o abriu. Se isso continuar, '
			+ 'solicite um novo link.'],
		limit: ['Há consoles demais abertos',
			'Feche algum outro e tente novamente, ou solicite um novo link.'],
		admin: ['Um administrador encerrou esta sessão',
			'Para abrir o console novamente, solicite um novo link.'],
		closed: ['Esta sessão de console foi fechada',
			'Para abrir o console novamente, solicite um novo link.'],
		restart: ['O serviço de console está reiniciando',
			'O console voltará sozinho.'],
		lost: ['A conexão foi perdida', 'Sua máquina não é afetada por isso.'],
		failed: ['Não foi possível abrir o console',
			'A conexão foi fechada cedo demais.'],
		unreachable: ['Não é possível acessar o serviço de console',
			'Verifique sua conexão de rede.'],
		silent: ['O serviço de console não responde',
			'Não houve resposta por vários minutos. Tente novamente ou solicite um '
			+ 'novo link.'],
		gone: ['Este link não é mais válido',
			'O prazo dele acabou. Para abrir o console novamente, solicite um novo link.'],
		nothing: ['Não há nenhum console aqui',
			'Esta página não tem senha para um console. Solicite um novo link.'],
		password: ['O console não aceitou a própria senha', 'Solicite um novo link.'],
		broken: ['Esta página não foi carregada por completo',
			'Recarregue-a. Se não resolver, use um navegador atual.'],
	},

	keys: {
		ctrl: 'Ctrl',
		alt: 'Alt',
		shift: 'Shift',
		win: 'Win',
		esc: 'Esc',
		tab: 'Tab',
		enter: 'Enter',
		backspace: 'Backspace',
		insert: 'Ins',
		del: 'Del',
		home: 'Home',
		end: 'End',
		pageup: 'PgUp',
		pagedown: 'PgDn',
		left: 'Esquerda',
		up: 'Para cima',
		down: 'Para baixo',
		right: 'Direita',
		print: 'PrtSc',
	},

	held: {
		off: '{key}',
		once: '{key}: para a próxima tecla',
		locked: '{key}: mantida pressionada',
	},

	typed: {
		count: '{done} de {total}',
		all: 'Digitado: {total} caracteres.',
		stopped: 'Interrompido: {done} de {total} caracteres foram digitados.',
		missing: '“{character}”, na linha {line}, não pode ser digitado com o layout '
			+ '{layout}. Nada foi digitado.',
		missing_here: '“{character}”, na linha {line}, não pode ser digitado aqui. Nada foi '
			+ 'digitado.',
		broken: 'Não foi possível digitar o texto. Recarregue a página.',
	},

	layouts: {
		us: 'Inglês (EUA)',
		uk: 'Inglês (Reino Unido)',
		de: 'Alemão',
		fr: 'Francês',
		es: 'Espanhol',
		it: 'Italiano',
		pt: 'Português (Portugal)',
		pl: 'Polonês',
		se: 'Sueco',
		dk: 'Dinamarquês',
		no: 'Norueguês',
		ch: 'Alemão (Suíça)',
	},

	reasons: {
		'The console was not used in time.': 'O console não foi usado a tempo.',
		'The console was left for too long.': 'O console ficou abandonado por tempo demais.',
		'The console\'s time is over.': 'O tempo do console acabou.',
		'The console\'s session has ended.': 'A sessão do console terminou.',
		'An administrator ended the console.': 'Um administrador encerrou o console.',
		'The console service is restarting.': 'O serviço de console está reiniciando.',
		'The virtual machine is switched off or has no screen.':
			'A máquina virtual está desligada ou não tem tela.',
		'The virtual machine was not found.': 'A máquina virtual não foi encontrada.',
		'The machine is being moved to another server.':
			'A máquina está sendo movida para outro servidor.',
		'The hypervisor can\'t be reached at the moment.':
			'No momento não é possível acessar o hipervisor.',
		'The hypervisor did not answer in time.': 'O hipervisor não respondeu a tempo.',
		'The hypervisor could not be verified.':
			'Não foi possível verificar a identidade do hipervisor.',
		'The console service may not connect to this hypervisor.':
			'O serviço de console não pode se conectar a este hipervisor.',
		'The hypervisor refused to open the console.':
			'O hipervisor se recusou a abrir o console.',
		'This kind of console is not available here.':
			'Este tipo de console não está disponível aqui.',
		'The machine has no serial console.': 'A máquina não tem console serial.',
		'The hypervisor gave an answer that was not understood.':
			'A resposta do hipervisor não foi compreendida.',
		'Too many consoles are open at the moment.': 'Há consoles demais abertos no momento.',
		'Too many consoles are open from your address at the moment.':
			'Há consoles demais abertos a partir do seu endereço no momento.',
		'The console service has a problem of its own.':
			'O próprio serviço de console está com um problema.',
		'The screen refused the connection this time.':
			'Desta vez a tela recusou a conexão.',
		'The connection to the screen was interrupted.':
			'A conexão com a tela foi interrompida.',
		'The connection to the screen was lost.': 'A conexão com a tela foi perdida.',
		'The browser did not finish connecting.':
			'O navegador não terminou de se conectar.',
		'The browser could not keep up with the console.':
			'O navegador não conseguiu acompanhar o console.',
		'The console\'s password was wrong.': 'A senha do console estava errada.',
		'The browser sent something that was not understood.':
			'O navegador enviou algo que não foi compreendido.',
	},

	terminal: {
		screen: 'Terminal. Pressione Ctrl, Alt e Shift juntos para ir à barra de ferramentas.',
		too_much: 'Há texto demais para ler em voz alta. Vá até as linhas para lê-las.',
		search: 'Pesquisar',
		search_text: 'Pesquisar no terminal',
		search_case: 'Diferenciar maiúsculas de minúsculas',
		search_back: 'Resultado anterior (Enter)',
		search_on: 'Próximo resultado (Shift+Enter)',
		search_none: 'Nada',
		search_close: 'Fechar a pesquisa',
		options: 'Tamanho do texto e leitura',
		options_close: 'Fechar',
		font_size: 'Tamanho do texto',
		font_smaller: 'Texto menor (Ctrl+−)',
		font_larger: 'Texto maior (Ctrl++)',
		screen_reader: 'Leitor de tela',
		screen_reader_hint: 'Lê o texto em voz alta e permite percorrer as linhas.',
		shortcuts: 'Teclas',
		shortcut_copy: 'Copiar a seleção',
		shortcut_paste: 'Colar',
		shortcut_search: 'Pesquisar',
		shortcut_size: 'Texto maior, menor, normal',
		shortcut_leave: 'Sair do terminal para a barra',
		clipboard_hint: 'Cole aqui o que quer enviar. O texto que um programa oferece para a '
			+ 'sua área de transferência aparece aqui e só vai para lá quando você '
			+ 'pressionar “Copiar”.',
		clipboard_lines: 'Este texto tem quebras de linha: um shell pode executar cada linha '
			+ 'assim que ela chegar. Leia antes de enviar.',
		clipboard_screen: 'Texto da tela',
		copied: 'Copiado',
		not_copied: 'O navegador não permitiu copiar',
		ask: 'Abrir este link?',
		ask_text: 'O terminal mostra outras palavras no lugar dele. Ele abre em uma nova aba.',
		ask_open: 'Abrir',
		ask_cancel: 'Cancelar',
		keys: 'Mais teclas',
		copying: 'Texto que está sendo copiado',
	},
};
