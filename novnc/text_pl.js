// SPDX-License-Identifier: MIT
//
// text_pl - every word that the page shows, in Polish; see text.js.

export default {
	labels: {
		title: 'Konsola',
		tools: 'Narzędzia konsoli',
		screen: 'Ekran konsoli. Naciśnij razem Ctrl, Alt i Shift, aby przejść do paska '
			+ 'narzędzi.',
		keyboard: 'Klawiatura ekranowa',
		clipboard: 'Schowek',
		clipboard_new: 'Schowek (nowy tekst z konsoli)',
		ctrlaltdel: 'Wyślij Ctrl+Alt+Del',
		fullscreen: 'Pełny ekran',
		fullscreen_off: 'Zamknij pełny ekran',
		clipboard_text: 'Tekst do wysłania do konsoli lub z niej odebrany',
		clipboard_hint: 'Tutaj pojawia się tekst skopiowany w konsoli. Wysłany tekst można '
			+ 'tam wkleić, jeśli maszyna obsługuje wspólny schowek.',
		clipboard_send: 'Wyślij do konsoli',
		clipboard_copy: 'Kopiuj',
		clipboard_copied: 'Skopiowano',
		clipboard_by_hand: 'Zaznaczono: naciśnij Ctrl+C',
		clipboard_close: 'Zamknij schowek',
		typing: 'Pisz tutaj, aby wysyłać klawisze do konsoli',
		keys: 'Klawisze',
		keys_close: 'Zamknij klawisze',
		keys_modifiers: 'Jedno naciśnięcie: dla następnego klawisza. Dwa: przytrzymanie.',
		keys_combinations: 'Kombinacje klawiszy',
		keys_keys: 'Pojedyncze klawisze',
		keys_functions: 'Klawisze funkcyjne',
		keys_terminals: 'Z Ctrl+Alt',
		type: 'Wpisz tekst',
		type_close: 'Zamknij',
		type_text: 'Tekst do wpisania',
		type_layout: 'Układ klawiatury',
		type_speed: 'Tempo',
		speed_normal: 'Normalne',
		speed_slow: 'Wolne, gdy giną znaki',
		type_hint: 'Wpisywany jak z klawiatury, tam gdzie schowek nie sięga.',
		type_layout_hint: 'To musi być układ ustawiony na maszynie, z wyłączonym Caps Lock.',
		type_start: 'Wpisz',
		type_cancel: 'Anuluj',
		picture: 'Zapisz obraz ekranu',
	},

	phases: {
		loading: 'Ładowanie',
		idle: 'Brak połączenia',
		connecting: 'Łączenie',
		connected: 'Połączono',
		waiting: 'Ponowne łączenie',
		reconnecting: 'Ponowne łączenie',
		ended: 'Zakończono',
	},

	actions: {
		connect: 'Połącz',
		now: 'Połącz teraz',
		again: 'Spróbuj ponownie',
		reload: 'Odśwież stronę',
		countdown: 'Kolejna próba za {seconds} s',
		trying: 'Ponowne łączenie…',
	},

	words: {
		loading: ['Ładowanie…', ''],
		idle: ['Konsola', 'Można się połączyć w dowolnej chwili.'],
		connecting: ['Łączenie…', 'Konsola jest otwierana.'],
		ended: ['Ta sesja konsoli została zakończona',
			'Aby ponownie otworzyć konsolę, poproś o nowy link.'],
		off: ['Maszyna jest wyłączona',
			'Konsola otworzy się sama, gdy tylko maszyna zostanie uruchomiona.'],
		host: ['Serwer maszyny nie odpowiada',
			'Serwer, na którym działa ta maszyna, jest w tej chwili nieosiągalny.'],
		refused: ['Odmówiono otwarcia konsoli',
			'Serwer, na którym działa ta maszyna, nie otworzył konsoli. Jeśli to się '
			+ 'nie zmieni, poproś o nowy link.'],
		limit: ['Otwarto zbyt wiele konsol',
			'Zamknij inną konsolę i spróbuj ponownie albo poproś o nowy link.'],
		admin: ['Administrator zakończył tę sesję',
			'Aby ponownie otworzyć konsolę, poproś o nowy link.'],
		closed: ['Ta sesja konsoli została zamknięta',
			'Aby ponownie otworzyć konsolę, poproś o nowy link.'],
		restart: ['Usługa konsoli uruchamia się ponownie',
			'Konsola wróci sama.'],
		lost: ['Utracono połączenie', 'Nie ma to wpływu na maszynę.'],
		failed: ['Nie udało się otworzyć konsoli',
			'Połączenie zostało zamknięte zbyt wcześnie.'],
		unreachable: ['Usługa konsoli jest nieosiągalna',
			'Sprawdź połączenie z siecią.'],
		silent: ['Usługa konsoli nie odpowiada',
			'Od kilku minut nie ma odpowiedzi. Spróbuj ponownie albo poproś o nowy '
			+ 'link.'],
		gone: ['Ten link stracił ważność',
			'Jego czas minął. Aby ponownie otworzyć konsolę, poproś o nowy link.'],
		nothing: ['Tutaj nie ma konsoli',
			'Ta strona nie ma hasła do żadnej konsoli. Poproś o nowy link.'],
		password: ['Konsola nie przyjęła swojego hasła', 'Poproś o nowy link.'],
		broken: ['Strona nie została w pełni załadowana',
			'Odśwież ją. Jeśli to nie pomoże, użyj aktualnej przeglądarki.'],
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
		left: 'W lewo',
		up: 'W górę',
		down: 'W dół',
		right: 'W prawo',
		print: 'PrtSc',
	},

	held: {
		off: '{key}',
		once: '{key}: dla następnego klawisza',
		locked: '{key}: przytrzymany',
	},

	typed: {
		count: '{done} z {total}',
		all: 'Wpisano znaków: {total}.',
		stopped: 'Zatrzymano. Wpisano znaków: {done} z {total}.',
		missing: 'Znaku „{character}” w wierszu {line} nie można wpisać w układzie „{layout}”. '
			+ 'Nic nie wpisano.',
		missing_here: 'Znaku „{character}” w wierszu {line} nie można tu wpisać. Nic nie '
			+ 'wpisano.',
		broken: 'Nie udało się wpisać tekstu. Odśwież stronę.',
	},

	layouts: {
		us: 'angielski (USA)',
		uk: 'angielski (Wielka Brytania)',
		de: 'niemiecki',
		fr: 'francuski',
		es: 'hiszpański',
		it: 'włoski',
		pt: 'portugalski',
		pl: 'polski',
		se: 'szwedzki',
		dk: 'duński',
		no: 'norweski',
		ch: 'niemiecki (Szwajcaria)',
	},

	reasons: {
		'The console was not used in time.': 'Konsola nie została użyta na czas.',
		'The console was left for too long.': 'Konsola była zbyt długo opuszczona.',
		'The console\'s time is over.': 'Czas konsoli minął.',
		'The console\'s session has ended.': 'Sesja konsoli została zakończona.',
		'An administrator ended the console.': 'Administrator zakończył pracę konsoli.',
		'The console service is restarting.': 'Usługa konsoli uruchamia się ponownie.',
		'The virtual machine is switched off or has no screen.':
			'Maszyna wirtualna jest wyłączona lub nie ma ekranu.',
		'The virtual machine was not found.': 'Nie znaleziono maszyny wirtualnej.',
		'The machine is being moved to another server.':
			'Maszyna jest przenoszona na inny serwer.',
		'The hypervisor can\'t be reached at the moment.':
			'Hiperwizor jest w tej chwili nieosiągalny.',
		'The hypervisor did not answer in time.': 'Hiperwizor nie odpowiedział na czas.',
		'The hypervisor could not be verified.':
			'Nie udało się potwierdzić tożsamości hiperwizora.',
		'The console service may not connect to this hypervisor.':
			'Usłudze konsoli nie wolno łączyć się z tym hiperwizorem.',
		'The hypervisor refused to open the console.':
			'Hiperwizor odmówił otwarcia konsoli.',
		'This kind of console is not available here.':
			'Ten rodzaj konsoli nie jest tutaj dostępny.',
		'The machine has no serial console.': 'Maszyna nie ma konsoli szeregowej.',
		'The hypervisor gave an answer that was not understood.':
			'Odpowiedź hiperwizora była niezrozumiała.',
		'Too many consoles are open at the moment.':
			'W tej chwili otwartych jest zbyt wiele konsol.',
		'Too many consoles are open from your address at the moment.':
			'W tej chwili z tego adresu otwartych jest zbyt wiele konsol.',
		'The console service has a problem of its own.':
			'Usługa konsoli sama ma problem.',
		'The screen refused the connection this time.':
			'Tym razem ekran odrzucił połączenie.',
		'The connection to the screen was interrupted.':
			'Połączenie z ekranem zostało przerwane.',
		'The connection to the screen was lost.': 'Utracono połączenie z ekranem.',
		'The browser did not finish connecting.':
			'Przeglądarka nie dokończyła łączenia.',
		'The browser could not keep up with the console.':
			'Przeglądarka nie nadążała za konsolą.',
		'The console\'s password was wrong.': 'Hasło konsoli było nieprawidłowe.',
		'The browser sent something that was not understood.':
			'Przeglądarka wysłała coś niezrozumiałego.',
	},

	terminal: {
		screen: 'Terminal. Naciśnij razem Ctrl, Alt i Shift, aby przejść do paska narzędzi.',
		too_much: 'Za dużo tekstu do przeczytania na głos. Przejdź do wierszy, aby je '
			+ 'przeczytać.',
		search: 'Szukaj',
		search_text: 'Szukaj w terminalu',
		search_case: 'Uwzględniaj wielkość liter',
		search_back: 'Poprzednie trafienie (Enter)',
		search_on: 'Następne trafienie (Shift+Enter)',
		search_none: 'Brak',
		search_close: 'Zamknij wyszukiwanie',
		options: 'Rozmiar tekstu i czytanie',
		options_close: 'Zamknij',
		font_size: 'Rozmiar tekstu',
		font_smaller: 'Mniejszy tekst (Ctrl+−)',
		font_larger: 'Większy tekst (Ctrl++)',
		screen_reader: 'Czytnik ekranu',
		screen_reader_hint: 'Czyta tekst na głos i pozwala poruszać się po wierszach.',
		shortcuts: 'Klawisze',
		shortcut_copy: 'Kopiuj zaznaczenie',
		shortcut_paste: 'Wklej',
		shortcut_search: 'Szukaj',
		shortcut_size: 'Tekst większy, mniejszy, zwykły',
		shortcut_leave: 'Przejście z terminala do paska',
		clipboard_hint: 'Wklej tutaj to, co chcesz wysłać. Tekst, który program proponuje do '
			+ 'schowka, pojawia się tutaj i trafia tam dopiero po naciśnięciu „Kopiuj”.',
		clipboard_lines: 'Ten tekst ma końce wierszy: powłoka może wykonać każdy wiersz, gdy '
			+ 'tylko nadejdzie. Przeczytaj go przed wysłaniem.',
		clipboard_screen: 'Tekst z ekranu',
		copied: 'Skopiowano',
		not_copied: 'Przeglądarka nie pozwoliła na kopiowanie',
		ask: 'Otworzyć ten odnośnik?',
		ask_text: 'Terminal pokazuje w jego miejscu inne słowa. Otworzy się w nowej karcie.',
		ask_open: 'Otwórz',
		ask_cancel: 'Anuluj',
		keys: 'Więcej klawiszy',
		copying: 'Kopiowany tekst',
	},
};
