// SPDX-License-Identifier: MIT
//
// text_fr - every word that the page shows, in French; see text.js.

export default {
	labels: {
		title: 'Console',
		tools: 'Outils de la console',
		screen: 'Écran de la console. Appuyez ensemble sur Ctrl, Alt et Maj pour passer à la '
			+ 'barre d’outils.',
		keyboard: 'Clavier à l’écran',
		clipboard: 'Presse-papiers',
		clipboard_new: 'Presse-papiers (nouveau texte de la console)',
		ctrlaltdel: 'Envoyer Ctrl+Alt+Suppr',
		fullscreen: 'Plein écran',
		fullscreen_off: 'Quitter le plein écran',
		clipboard_text: 'Texte à envoyer à la console ou reçu d’elle',
		clipboard_hint: 'Le texte copié dans la console apparaît ici. Ce que vous envoyez '
			+ 'peut y être collé, si la machine gère un presse-papiers partagé.',
		clipboard_send: 'Envoyer à la console',
		clipboard_copy: 'Copier',
		clipboard_copied: 'Copié',
		clipboard_by_hand: 'Sélectionné : appuyez sur Ctrl+C',
		clipboard_close: 'Fermer le presse-papiers',
		typing: 'Écrivez ici pour envoyer des touches à la console',
		keys: 'Touches',
		keys_close: 'Fermer les touches',
		keys_modifiers: 'Une pression : pour la touche suivante. Deux : reste enfoncée.',
		keys_combinations: 'Combinaisons de touches',
		keys_keys: 'Touches seules',
		keys_functions: 'Touches de fonction',
		keys_terminals: 'Avec Ctrl+Alt',
		type: 'Saisir du texte',
		type_close: 'Fermer',
		type_text: 'Texte à saisir',
		type_layout: 'Disposition du clavier',
		type_speed: 'Vitesse',
		speed_normal: 'Normale',
		speed_slow: 'Lente, si des caractères se perdent',
		type_hint: 'Saisi comme au clavier, là où le presse-papiers n’arrive pas.',
		type_layout_hint: 'Ce doit être la disposition réglée sur la machine, Verr. Maj désactivé.',
		type_start: 'Saisir',
		type_cancel: 'Annuler',
		picture: 'Enregistrer une image de l’écran',
	},

	phases: {
		loading: 'Chargement',
		idle: 'Non connecté',
		connecting: 'Connexion',
		connected: 'Connecté',
		waiting: 'Reconnexion',
		reconnecting: 'Reconnexion',
		ended: 'Terminé',
	},

	actions: {
		connect: 'Se connecter',
		now: 'Reconnecter maintenant',
		again: 'Réessayer',
		reload: 'Recharger la page',
		countdown: 'Nouvel essai dans {seconds} s',
		trying: 'Reconnexion…',
	},

	words: {
		loading: ['Chargement…', ''],
		idle: ['Console', 'Connectez-vous quand vous êtes prêt.'],
		connecting: ['Connexion…', 'La console est en cours d’ouverture.'],
		ended: ['Cette session de console est terminée',
			'Pour rouvrir la console, demandez un nouveau lien.'],
		off: ['La machine est éteinte',
			'La console s’ouvrira d’elle-même dès que la machine sera en marche.'],
		host: ['Le serveur de la machine ne répond pas',
			'Le serveur qui fait tourner cette machine est injoignable pour le moment.'],
		refused: ['La console a été refusée',
			'Le serveur qui fait tourner cette machine ne l’a pas ouverte. Si cela '
			+ 'persiste, demandez un nouveau lien.'],
		limit: ['Trop de consoles sont ouvertes',
			'Fermez-en une autre et réessayez, ou demandez un nouveau lien.'],
		admin: ['Un administrateur a mis fin à cette session',
			'Pour rouvrir la console, demandez un nouveau lien.'],
		closed: ['Cette session de console a été fermée',
			'Pour rouvrir la console, demandez un nouveau lien.'],
		restart: ['Le service de console redémarre',
			'La console reviendra d’elle-même.'],
		lost: ['La connexion a été perdue', 'Votre machine n’est pas affectée.'],
		failed: ['La console n’a pas pu être ouverte',
			'La connexion a été fermée trop tôt.'],
		unreachable: ['Le service de console est injoignable',
			'Veuillez vérifier votre connexion réseau.'],
		silent: ['Le service de console ne répond pas',
			'Aucune réponse depuis plusieurs minutes. Réessayez, ou demandez un nouveau '
			+ 'lien.'],
		gone: ['Ce lien n’est plus valable',
			'Son délai est écoulé. Pour rouvrir la console, demandez un nouveau lien.'],
		nothing: ['Il n’y a pas de console ici',
			'Cette page n’a pas de mot de passe pour une console. Demandez un nouveau '
			+ 'lien.'],
		password: ['La console n’a pas accepté son mot de passe',
			'Demandez un nouveau lien.'],
		broken: ['Cette page n’a pas été chargée entièrement',
			'Rechargez-la. Si cela n’aide pas, utilisez un navigateur récent.'],
	},

	keys: {
		ctrl: 'Ctrl',
		alt: 'Alt',
		shift: 'Maj',
		win: 'Win',
		esc: 'Échap',
		tab: 'Tab',
		enter: 'Entrée',
		backspace: 'Retour',
		insert: 'Inser',
		del: 'Suppr',
		home: 'Début',
		end: 'Fin',
		pageup: 'Pg préc',
		pagedown: 'Pg suiv',
		left: 'Gauche',
		up: 'Haut',
		down: 'Bas',
		right: 'Droite',
		print: 'Impr',
	},

	held: {
		off: '{key}',
		once: '{key} : pour la touche suivante',
		locked: '{key} : reste enfoncée',
	},

	typed: {
		count: '{done} sur {total}',
		all: 'Saisie terminée : {total} caractères.',
		stopped: 'Arrêté : {done} caractères sur {total} ont été saisis.',
		missing: '« {character} », ligne {line}, ne peut pas être saisi avec la disposition '
			+ '{layout}. Rien n’a été saisi.',
		missing_here: '« {character} », ligne {line}, ne peut pas être saisi ici. Rien n’a été '
			+ 'saisi.',
		broken: 'Le texte n’a pas pu être saisi. Veuillez recharger la page.',
	},

	layouts: {
		us: 'Anglais (États-Unis)',
		uk: 'Anglais (Royaume-Uni)',
		de: 'Allemand',
		fr: 'Français',
		es: 'Espagnol',
		it: 'Italien',
		pt: 'Portugais',
		pl: 'Polonais',
		se: 'Suédois',
		dk: 'Danois',
		no: 'Norvégien',
		ch: 'Allemand (Suisse)',
	},

	reasons: {
		'The console was not used in time.': 'La console n’a pas été utilisée à temps.',
		'The console was left for too long.': 'La console a été quittée trop longtemps.',
		'The console\'s time is over.': 'Le temps de la console est écoulé.',
		'The console\'s session has ended.': 'La session de la console est terminée.',
		'An administrator ended the console.': 'Un administrateur a mis fin à la console.',
		'The console service is restarting.': 'Le service de console redémarre.',
		'The virtual machine is switched off or has no screen.':
			'La machine virtuelle est éteinte ou n’a pas d’écran.',
		'The virtual machine was not found.': 'La machine virtuelle est introuvable.',
		'The machine is being moved to another server.':
			'La machine est en cours de déplacement vers un autre serveur.',
		'The hypervisor can\'t be reached at the moment.':
			'L’hyperviseur est injoignable pour le moment.',
		'The hypervisor did not answer in time.': 'L’hyperviseur n’a pas répondu à temps.',
		'The hypervisor could not be verified.':
			'L’identité de l’hyperviseur n’a pas pu être vérifiée.',
		'The console service may not connect to this hypervisor.':
			'Le service de console n’est pas autorisé à se connecter à cet hyperviseur.',
		'The hypervisor refused to open the console.':
			'L’hyperviseur a refusé d’ouvrir la console.',
		'This kind of console is not available here.':
			'Ce type de console n’est pas disponible ici.',
		'The machine has no serial console.': 'La machine n’a pas de console série.',
		'The hypervisor gave an answer that was not understood.':
			'La réponse de l’hyperviseur n’a pas été comprise.',
		'Too many consoles are open at the moment.':
			'Trop de consoles sont ouvertes pour le moment.',
		'Too many consoles are open from your address at the moment.':
			'Trop de consoles sont ouvertes depuis votre adresse pour le moment.',
		'The console service has a problem of its own.':
			'Le service de console rencontre lui-même un problème.',
		'The screen refused the connection this time.':
			'L’écran a refusé la connexion cette fois-ci.',
		'The connection to the screen was interrupted.':
			'La connexion à l’écran a été interrompue.',
		'The connection to the screen was lost.': 'La connexion à l’écran a été perdue.',
		'The browser did not finish connecting.':
			'Le navigateur n’a pas terminé la connexion.',
		'The browser could not keep up with the console.':
			'Le navigateur n’a pas pu suivre la console.',
		'The console\'s password was wrong.': 'Le mot de passe de la console était incorrect.',
		'The browser sent something that was not understood.':
			'Le navigateur a envoyé quelque chose qui n’a pas été compris.',
	},

	terminal: {
		screen: 'Terminal. Appuyez sur Ctrl, Alt et Maj ensemble pour aller à la barre '
			+ 'd’outils.',
		too_much: 'Trop de texte à lire à voix haute. Parcourez les lignes pour les lire.',
		search: 'Rechercher',
		search_text: 'Rechercher dans le terminal',
		search_case: 'Respecter la casse',
		search_back: 'Résultat précédent (Entrée)',
		search_on: 'Résultat suivant (Maj+Entrée)',
		search_none: 'Rien',
		search_close: 'Fermer la recherche',
		options: 'Taille du texte et lecture',
		options_close: 'Fermer',
		font_size: 'Taille du texte',
		font_smaller: 'Texte plus petit (Ctrl+−)',
		font_larger: 'Texte plus grand (Ctrl++)',
		screen_reader: 'Lecteur d’écran',
		screen_reader_hint: 'Lit le texte à voix haute et permet d’en parcourir les lignes.',
		shortcuts: 'Touches',
		shortcut_copy: 'Copier la sélection',
		shortcut_paste: 'Coller',
		shortcut_search: 'Rechercher',
		shortcut_size: 'Texte plus grand, plus petit, normal',
		shortcut_leave: 'Quitter le terminal pour la barre',
		clipboard_hint: 'Collez ici ce que vous voulez envoyer. Le texte qu’un programme '
			+ 'propose pour votre presse-papiers apparaît ici, et n’y va que si vous appuyez '
			+ 'sur « Copier ».',
		clipboard_lines: 'Ce texte a des fins de ligne : un interpréteur peut exécuter '
			+ 'chaque ligne dès son arrivée. Lisez-le avant de l’envoyer.',
		clipboard_screen: 'Texte de l’écran',
		copied: 'Copié',
		not_copied: 'Votre navigateur n’a pas permis de copier',
		ask: 'Ouvrir ce lien ?',
		ask_text: 'Le terminal affiche d’autres mots à sa place. Il s’ouvre dans un nouvel '
			+ 'onglet.',
		ask_open: 'Ouvrir',
		ask_cancel: 'Annuler',
		keys: 'Autres touches',
		copying: 'Texte en cours de copie',
	},
};
