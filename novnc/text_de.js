// SPDX-License-Identifier: MIT
//
// text_de - every word that the page shows, in German; see text.js.

export default {
	labels: {
		title: 'Konsole',
		tools: 'Werkzeuge der Konsole',
		screen: 'Bildschirm der Konsole. Strg, Alt und Umschalt zusammen führen zur '
			+ 'Werkzeugleiste.',
		keyboard: 'Bildschirmtastatur',
		clipboard: 'Zwischenablage',
		clipboard_new: 'Zwischenablage (neuer Text von der Konsole)',
		ctrlaltdel: 'Strg+Alt+Entf senden',
		fullscreen: 'Vollbild',
		fullscreen_off: 'Vollbild verlassen',
		clipboard_text: 'Text für die Konsole oder von der Konsole',
		clipboard_hint: 'Hier erscheint, was in der Konsole kopiert wird. Was Sie senden, '
			+ 'lässt sich dort einfügen, wenn die Maschine eine gemeinsame '
			+ 'Zwischenablage unterstützt.',
		clipboard_send: 'An Konsole senden',
		clipboard_copy: 'Kopieren',
		clipboard_copied: 'Kopiert',
		clipboard_by_hand: 'Ausgewählt: Strg+C drücken',
		clipboard_close: 'Zwischenablage schließen',
		typing: 'Hier tippen, um Tasten an die Konsole zu senden',
		keys: 'Tasten',
		keys_close: 'Tasten schließen',
		keys_modifiers: 'Einmal drücken: gilt für die nächste Taste. Zweimal: bleibt gedrückt.',
		keys_combinations: 'Tastenkombinationen',
		keys_keys: 'Einzelne Tasten',
		keys_functions: 'Funktionstasten',
		keys_terminals: 'Mit Strg+Alt',
		type: 'Text tippen',
		type_close: 'Schließen',
		type_text: 'Zu tippender Text',
		type_layout: 'Tastaturbelegung',
		type_speed: 'Tempo',
		speed_normal: 'Normal',
		speed_slow: 'Langsam, falls Zeichen fehlen',
		type_hint: 'Wird wie auf einer Tastatur getippt, wo keine Zwischenablage hinkommt.',
		type_layout_hint: 'Es muss die dort eingestellte Belegung sein, die Feststelltaste muss '
			+ 'aus sein.',
		type_start: 'Tippen',
		type_cancel: 'Abbrechen',
		picture: 'Bild des Bildschirms speichern',
	},

	phases: {
		loading: 'Wird geladen',
		idle: 'Nicht verbunden',
		connecting: 'Verbinden',
		connected: 'Verbunden',
		waiting: 'Neu verbinden',
		reconnecting: 'Neu verbinden',
		ended: 'Beendet',
	},

	actions: {
		connect: 'Verbinden',
		now: 'Jetzt verbinden',
		again: 'Erneut versuchen',
		reload: 'Seite neu laden',
		countdown: 'Neuer Versuch in {seconds} s',
		trying: 'Verbindung wird wiederhergestellt …',
	},

	words: {
		loading: ['Wird geladen …', ''],
		idle: ['Konsole', 'Verbinden Sie sich, wenn Sie so weit sind.'],
		connecting: ['Verbindung wird aufgebaut …', 'Die Konsole wird geöffnet.'],
		ended: ['Diese Konsolensitzung ist beendet',
			'Um die Konsole wieder zu öffnen, fordern Sie einen neuen Link an.'],
		off: ['Die Maschine ist ausgeschaltet',
			'Die Konsole öffnet sich von selbst, sobald die Maschine läuft.'],
		host: ['Der Server der Maschine antwortet nicht',
			'Der Server, auf dem diese Maschine läuft, ist zurzeit nicht erreichbar.'],
		refused: ['Die Konsole wurde verweigert',
			'Der Server, auf dem diese Maschine läuft, hat sie nicht geöffnet. Bleibt es '
			+ 'dabei, fordern Sie einen neuen Link an.'],
		limit: ['Es sind zu viele Konsolen geöffnet',
			'Schließen Sie eine andere und versuchen Sie es erneut, oder fordern Sie '
			+ 'einen neuen Link an.'],
		admin: ['Diese Sitzung wurde von der Administration beendet',
			'Um die Konsole wieder zu öffnen, fordern Sie einen neuen Link an.'],
		closed: ['Diese Konsolensitzung wurde geschlossen',
			'Um die Konsole wieder zu öffnen, fordern Sie einen neuen Link an.'],
		restart: ['Der Konsolendienst wird neu gestartet',
			'Die Konsole kommt von selbst wieder.'],
		lost: ['Die Verbindung ist abgebrochen',
			'Ihre Maschine ist davon nicht betroffen.'],
		failed: ['Die Konsole konnte nicht geöffnet werden',
			'Die Verbindung wurde zu früh geschlossen.'],
		unreachable: ['Der Konsolendienst ist nicht erreichbar',
			'Bitte prüfen Sie Ihre Netzwerkverbindung.'],
		silent: ['Der Konsolendienst antwortet nicht',
			'Seit mehreren Minuten kam keine Antwort. Versuchen Sie es erneut, oder '
			+ 'fordern Sie einen neuen Link an.'],
		gone: ['Dieser Link gilt nicht mehr',
			'Seine Zeit ist abgelaufen. Um die Konsole wieder zu öffnen, fordern Sie '
			+ 'einen neuen Link an.'],
		nothing: ['Hier gibt es keine Konsole',
			'Diese Seite hat kein Passwort für eine Konsole. Fordern Sie einen neuen '
			+ 'Link an.'],
		password: ['Die Konsole hat ihr Passwort nicht angenommen',
			'Fordern Sie einen neuen Link an.'],
		broken: ['Diese Seite wurde nicht vollständig geladen',
			'Laden Sie sie neu. Hilft das nicht, verwenden Sie einen aktuellen Browser.'],
	},

	keys: {
		ctrl: 'Strg',
		alt: 'Alt',
		shift: 'Umschalt',
		win: 'Win',
		esc: 'Esc',
		tab: 'Tab',
		enter: 'Eingabe',
		backspace: 'Rücktaste',
		insert: 'Einfg',
		del: 'Entf',
		home: 'Pos1',
		end: 'Ende',
		pageup: 'Bild ↑',
		pagedown: 'Bild ↓',
		left: 'Nach links',
		up: 'Nach oben',
		down: 'Nach unten',
		right: 'Nach rechts',
		print: 'Druck',
	},

	held: {
		off: '{key}',
		once: '{key}: gilt für die nächste Taste',
		locked: '{key}: bleibt gedrückt',
	},

	typed: {
		count: '{done} von {total}',
		all: 'Getippt: {total} Zeichen.',
		stopped: 'Angehalten: {done} von {total} Zeichen wurden getippt.',
		missing: '„{character}“ in Zeile {line} lässt sich mit der Belegung {layout} nicht '
			+ 'tippen. Es wurde nichts getippt.',
		missing_here: '„{character}“ in Zeile {line} lässt sich hier nicht tippen. Es wurde nichts '
			+ 'getippt.',
		broken: 'Der Text konnte nicht getippt werden. Bitte laden Sie die Seite neu.',
	},

	layouts: {
		us: 'Englisch (USA)',
		uk: 'Englisch (Großbritannien)',
		de: 'Deutsch',
		fr: 'Französisch',
		es: 'Spanisch',
		it: 'Italienisch',
		pt: 'Portugiesisch',
		pl: 'Polnisch',
		se: 'Schwedisch',
		dk: 'Dänisch',
		no: 'Norwegisch',
		ch: 'Deutsch (Schweiz)',
	},

	reasons: {
		'The console was not used in time.': 'Die Konsole wurde nicht rechtzeitig benutzt.',
		'The console was left for too long.': 'Die Konsole war zu lange verlassen.',
		'The console\'s time is over.': 'Die Zeit der Konsole ist abgelaufen.',
		'The console\'s session has ended.': 'Die Sitzung der Konsole ist beendet.',
		'An administrator ended the console.': 'Die Administration hat die Konsole beendet.',
		'The console service is restarting.': 'Der Konsolendienst wird neu gestartet.',
		'The virtual machine is switched off or has no screen.':
			'Die virtuelle Maschine ist ausgeschaltet oder hat keinen Bildschirm.',
		'The virtual machine was not found.': 'Die virtuelle Maschine wurde nicht gefunden.',
		'The machine is being moved to another server.':
			'Die Maschine wird gerade auf einen anderen Server verschoben.',
		'The hypervisor can\'t be reached at the moment.':
			'Der Hypervisor ist zurzeit nicht erreichbar.',
		'The hypervisor did not answer in time.':
			'Der Hypervisor hat nicht rechtzeitig geantwortet.',
		'The hypervisor could not be verified.':
			'Die Echtheit des Hypervisors ließ sich nicht bestätigen.',
		'The console service may not connect to this hypervisor.':
			'Der Konsolendienst darf sich mit diesem Hypervisor nicht verbinden.',
		'The hypervisor refused to open the console.':
			'Der Hypervisor hat es abgelehnt, die Konsole zu öffnen.',
		'This kind of console is not available here.':
			'Diese Art von Konsole ist hier nicht verfügbar.',
		'The machine has no serial console.': 'Die Maschine hat keine serielle Konsole.',
		'The hypervisor gave an answer that was not understood.':
			'Die Antwort des Hypervisors wurde nicht verstanden.',
		'Too many consoles are open at the moment.': 'Zurzeit sind zu viele Konsolen geöffnet.',
		'Too many consoles are open from your address at the moment.':
			'Von Ihrer Adresse sind zurzeit zu viele Konsolen geöffnet.',
		'The console service has a problem of its own.':
			'Der Konsolendienst selbst hat ein Problem.',
		'The screen refused the connection this time.':
			'Der Bildschirm hat die Verbindung diesmal abgelehnt.',
		'The connection to the screen was interrupted.':
			'Die Verbindung zum Bildschirm wurde unterbrochen.',
		'The connection to the screen was lost.':
			'Die Verbindung zum Bildschirm ist abgebrochen.',
		'The browser did not finish connecting.':
			'Der Browser hat die Verbindung nicht fertig aufgebaut.',
		'The browser could not keep up with the console.':
			'Der Browser kam mit der Konsole nicht mit.',
		'The console\'s password was wrong.': 'Das Passwort der Konsole war falsch.',
		'The browser sent something that was not understood.':
			'Der Browser hat etwas gesendet, das nicht verstanden wurde.',
	},

	terminal: {
		screen: 'Terminal. Strg, Alt und Umschalt zusammen führen zur Werkzeugleiste.',
		too_much: 'Zu viel Ausgabe zum Vorlesen. Gehen Sie zu den Zeilen, um sie zu lesen.',
		search: 'Suchen',
		search_text: 'Im Terminal suchen',
		search_case: 'Groß- und Kleinschreibung beachten',
		search_back: 'Voriger Treffer (Eingabe)',
		search_on: 'Nächster Treffer (Umschalt+Eingabe)',
		search_none: 'Kein Treffer',
		search_close: 'Suche schließen',
		options: 'Schriftgröße und Vorlesen',
		options_close: 'Schließen',
		font_size: 'Schriftgröße',
		font_smaller: 'Kleinere Schrift (Strg+−)',
		font_larger: 'Größere Schrift (Strg++)',
		screen_reader: 'Bildschirmleser',
		screen_reader_hint: 'Liest Ausgaben vor und lässt Sie durch die Zeilen gehen.',
		shortcuts: 'Tasten',
		shortcut_copy: 'Auswahl kopieren',
		shortcut_paste: 'Einfügen',
		shortcut_search: 'Suchen',
		shortcut_size: 'Schrift größer, kleiner, wie zuvor',
		shortcut_leave: 'Vom Terminal zur Werkzeugleiste',
		clipboard_hint: 'Fügen Sie hier ein, was Sie senden wollen. Text, den ein Programm '
			+ 'für Ihre Zwischenablage anbietet, erscheint hier und kommt erst dorthin, wenn '
			+ 'Sie auf „Kopieren“ drücken.',
		clipboard_lines: 'Dieser Text hat Zeilenenden: Eine Shell führt womöglich jede Zeile '
			+ 'sofort aus. Lesen Sie ihn, bevor Sie ihn senden.',
		clipboard_screen: 'Text vom Bildschirm',
		copied: 'Kopiert',
		not_copied: 'Ihr Browser hat das Kopieren nicht erlaubt',
		ask: 'Diesen Link öffnen?',
		ask_text: 'Im Terminal stehen andere Worte dafür. Er öffnet sich in einem neuen Tab.',
		ask_open: 'Öffnen',
		ask_cancel: 'Abbrechen',
		keys: 'Weitere Tasten',
		copying: 'Text, der gerade kopiert wird',
	},
};
