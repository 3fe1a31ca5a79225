/* <product-questions product-id="5">: the questions and answers of a product, on any page of a shop.
 * docs/widget.md has its attributes, events and colours.
 *
 * It promises:
 * - What shoppers have written is shown as text and never becomes HTML. No markup is parsed at all, so
 *   the element works under a policy that requires trusted types.
 * - What somebody sends is applied once. It is sent again by itself only where nothing was written, or
 *   under the Idempotency-Key that it was first sent with.
 * - It neither changes the page around it nor is changed by its styles, but for the custom properties.
 *
 * From top to bottom: words, rules, memory, the service, elements, messages, lists, dialogs, the element.
 */

/* ---- Words ----
 *
 * A text, or one for each plural category of the language (Intl.PluralRules), chosen by {n}. */

const languages = {
  en: {
    direction: 'ltr',
    heading: 'Questions & answers',
    ask: 'Ask a question',
    search: 'Search questions and answers',
    sort: 'Sort by',
    helpfulFirst: 'Most helpful',
    newestFirst: 'Newest',
    oldestFirst: 'Oldest',
    show: 'Show',
    all: 'All questions',
    answered: 'Answered',
    unanswered: 'Not answered yet',
    questions: { one: '{n} question', other: '{n} questions' },
    found: { one: '{n} question found', other: '{n} questions found' },
    foundSoFar: {
      one: '{n} question found among those loaded so far',
      other: '{n} questions found among those loaded so far'
    },
    none: 'Nobody has asked about this product yet. Be the first!',
    noneFound: 'Nothing was found.',
    showAll: 'Show all questions',
    moreQuestions: 'More questions',
    moreAnswers: 'More answers',
    askedBy: 'Asked by {name}',
    answeredBy: 'Answered by {name}',
    helpful: 'Helpful',
    votes: { one: '{n} vote', other: '{n} votes' },
    takeBack: 'You found this helpful. Press again to take it back.',
    reply: 'Answer this question',
    photo: 'Photo {n} by {name}',
    noPhoto: 'This photo cannot be shown',
    report: 'Report',
    reported: 'Reported',
    reportQuestion: 'Report this question?',
    reportAnswer: 'Report this answer?',
    reportHint: 'The shop is told, and you no longer see it.',
    reason: 'What is wrong with it?',
    spam: 'It is advertising',
    offensive: 'It is offensive',
    personalData: 'It has personal data',
    wrongProduct: 'It is about another product',
    other: 'Something else',
    note: 'A note to the shop',
    cancel: 'Cancel',
    yourQuestion: 'Your question',
    yourAnswer: 'Your answer',
    characters: '{n} of {most} characters',
    photos: 'Addresses of photos',
    optional: '(optional)',
    photosHint: 'One per line, at most {most}.',
    name: 'Your name',
    nameHint: 'Shown to everyone.',
    email: 'Your e-mail',
    emailHint: 'Never shown.',
    sendQuestion: 'Send question',
    sendAnswer: 'Send answer',
    empty: 'Please fill this in.',
    tooLong: 'At most {most} characters, please; these are {n}.',
    wrongEmail: 'Please enter an e-mail address, such as you@example.org.',
    tooManyPhotos: 'At most {most} photos, please; these are {n}.',
    wrongPhoto: 'Not an http or https address: {address}',
    sentQuestion: 'Thank you. Your question is published.',
    sentAnswer: 'Thank you. Your answer is published.',
    waits: 'Thank you. It is published once the shop has approved it.',
    told: 'Thank you. The shop is told.',
    forgotten: 'Your vote is counted. This browser keeps no data of this page, so the page will not remember it.',
    stays: 'This vote cannot be taken back.',
    tryingAgain: 'No connection. Trying again …',
    tryAgain: 'Try again',
    tryAgainIn: { one: 'Try again in {n} second', other: 'Try again in {n} seconds' },
    dismiss: 'Dismiss',
    unreachable: 'The service could not be reached.',
    unknown: 'No answer came. It may have been saved: please look before you send it again.',
    busy: 'That was too much at once. Nothing was saved; please wait a moment.',
    unavailable: 'The service is not available at the moment.',
    notSaved: 'The service is not available at the moment. Nothing was saved.',
    gone: 'This is no longer there.',
    refused: 'The service does not accept this: {detail}'
  },
  de: {
    direction: 'ltr',
    heading: 'Fragen & Antworten',
    ask: 'Frage stellen',
    search: 'Fragen und Antworten durchsuchen',
    sort: 'Sortieren nach',
    helpfulFirst: 'Hilfreichste',
    newestFirst: 'Neueste',
    oldestFirst: 'Älteste',
    show: 'Zeigen',
    all: 'Alle Fragen',
    answered: 'Beantwortete',
    unanswered: 'Noch unbeantwortete',
    questions: { one: '{n} Frage', other: '{n} Fragen' },
    found: { one: '{n} Frage gefunden', other: '{n} Fragen gefunden' },
    foundSoFar: {
      one: '{n} Frage unter den bisher geladenen gefunden',
      other: '{n} Fragen unter den bisher geladenen gefunden'
    },
    none: 'Zu diesem Produkt hat noch niemand gefragt. Machen Sie den Anfang!',
    noneFound: 'Nichts gefunden.',
    showAll: 'Alle Fragen zeigen',
    moreQuestions: 'Weitere Fragen',
    moreAnswers: 'Weitere Antworten',
    askedBy: 'Gefragt von {name}',
    answeredBy: 'Beantwortet von {name}',
    helpful: 'Hilfreich',
    votes: { one: '{n} Stimme', other: '{n} Stimmen' },
    takeBack: 'Sie fanden das hilfreich. Noch einmal drücken, um es zurückzunehmen.',
    reply: 'Diese Frage beantworten',
    photo: 'Foto {n} von {name}',
    noPhoto: 'Dieses Foto lässt sich nicht zeigen',
    report: 'Melden',
    reported: 'Gemeldet',
    reportQuestion: 'Diese Frage melden?',
    reportAnswer: 'Diese Antwort melden?',
    reportHint: 'Der Shop erfährt davon, und Sie sehen sie nicht mehr.',
    reason: 'Was stimmt damit nicht?',
    spam: 'Das ist Werbung',
    offensive: 'Das ist beleidigend',
    personalData: 'Das enthält persönliche Daten',
    wrongProduct: 'Es geht um ein anderes Produkt',
    other: 'Etwas anderes',
    note: 'Eine Bemerkung für den Shop',
    cancel: 'Abbrechen',
    yourQuestion: 'Ihre Frage',
    yourAnswer: 'Ihre Antwort',
    characters: '{n} von {most} Zeichen',
    photos: 'Adressen von Fotos',
    optional: '(freiwillig)',
    photosHint: 'Eine je Zeile, höchstens {most}.',
    name: 'Ihr Name',
    nameHint: 'Für alle sichtbar.',
    email: 'Ihre E-Mail-Adresse',
    emailHint: 'Wird nie gezeigt.',
    sendQuestion: 'Frage senden',
    sendAnswer: 'Antwort senden',
    empty: 'Bitte ausfüllen.',
    tooLong: 'Bitte höchstens {most} Zeichen; das sind {n}.',
    wrongEmail: 'Bitte eine E-Mail-Adresse eingeben, etwa sie@example.org.',
    tooManyPhotos: 'Bitte höchstens {most} Fotos; das sind {n}.',
    wrongPhoto: 'Keine Adresse mit http oder https: {address}',
    sentQuestion: 'Danke. Ihre Frage ist veröffentlicht.',
    sentAnswer: 'Danke. Ihre Antwort ist veröffentlicht.',
    waits: 'Danke. Sobald der Shop zustimmt, wird es veröffentlicht.',
    told: 'Danke. Der Shop weiß Bescheid.',
    forgotten: 'Ihre Stimme zählt. Dieser Browser speichert für diese Seite nichts, die Seite wird sie also vergessen.',
    stays: 'Diese Stimme lässt sich nicht zurücknehmen.',
    tryingAgain: 'Keine Verbindung. Neuer Versuch …',
    tryAgain: 'Noch einmal',
    tryAgainIn: { one: 'Noch einmal in {n} Sekunde', other: 'Noch einmal in {n} Sekunden' },
    dismiss: 'Schließen',
    unreachable: 'Der Dienst ist nicht zu erreichen.',
    unknown: 'Es kam keine Antwort. Vielleicht ist es gespeichert: Bitte sehen Sie nach, bevor Sie es noch einmal senden.',
    busy: 'Das war zu viel auf einmal. Nichts wurde gespeichert; bitte warten Sie einen Moment.',
    unavailable: 'Der Dienst ist zurzeit nicht verfügbar.',
    notSaved: 'Der Dienst ist zurzeit nicht verfügbar. Nichts wurde gespeichert.',
    gone: 'Das gibt es nicht mehr.',
    refused: 'Der Dienst nimmt das nicht an: {detail}'
  },
  es: {
    direction: 'ltr',
    heading: 'Preguntas y respuestas',
    ask: 'Hacer una pregunta',
    search: 'Buscar en preguntas y respuestas',
    sort: 'Ordenar por',
    helpfulFirst: 'Más útiles',
    newestFirst: 'Más recientes',
    oldestFirst: 'Más antiguas',
    show: 'Mostrar',
    all: 'Todas las preguntas',
    answered: 'Con respuesta',
    unanswered: 'Sin respuesta',
    questions: { one: '{n} pregunta', other: '{n} preguntas' },
    found: { one: '{n} pregunta encontrada', other: '{n} preguntas encontradas' },
    foundSoFar: {
      one: '{n} pregunta encontrada entre las ya cargadas',
      other: '{n} preguntas encontradas entre las ya cargadas'
    },
    none: 'Nadie ha preguntado aún por este producto. ¡Haz la primera pregunta!',
    noneFound: 'No se ha encontrado nada.',
    showAll: 'Mostrar todas las preguntas',
    moreQuestions: 'Más preguntas',
    moreAnswers: 'Más respuestas',
    askedBy: 'Pregunta de {name}',
    answeredBy: 'Respuesta de {name}',
    helpful: 'Útil',
    votes: { one: '{n} voto', other: '{n} votos' },
    takeBack: 'Te pareció útil. Pulsa otra vez para retirar el voto.',
    reply: 'Responder a esta pregunta',
    photo: 'Foto {n} de {name}',
    noPhoto: 'Esta foto no se puede mostrar',
    report: 'Denunciar',
    reported: 'Denunciada',
    reportQuestion: '¿Denunciar esta pregunta?',
    reportAnswer: '¿Denunciar esta respuesta?',
    reportHint: 'Avisaremos a la tienda y dejarás de verla.',
    reason: '¿Qué tiene de malo?',
    spam: 'Es publicidad',
    offensive: 'Es ofensiva',
    personalData: 'Contiene datos personales',
    wrongProduct: 'Trata de otro producto',
    other: 'Otra cosa',
    note: 'Una nota para la tienda',
    cancel: 'Cancelar',
    yourQuestion: 'Tu pregunta',
    yourAnswer: 'Tu respuesta',
    characters: '{n} de {most} caracteres',
    photos: 'Direcciones de fotos',
    optional: '(opcional)',
    photosHint: 'Una por línea, {most} como máximo.',
    name: 'Tu nombre',
    nameHint: 'Lo ve todo el mundo.',
    email: 'Tu correo electrónico',
    emailHint: 'No se muestra nunca.',
    sendQuestion: 'Enviar pregunta',
    sendAnswer: 'Enviar respuesta',
    empty: 'Rellena este campo, por favor.',
    tooLong: 'Como máximo {most} caracteres, por favor; hay {n}.',
    wrongEmail: 'Escribe una dirección de correo, como tu@example.org.',
    tooManyPhotos: 'Como máximo {most} fotos, por favor; hay {n}.',
    wrongPhoto: 'No es una dirección http o https: {address}',
    sentQuestion: 'Gracias. Tu pregunta está publicada.',
    sentAnswer: 'Gracias. Tu respuesta está publicada.',
    waits: 'Gracias. Se publicará cuando la tienda dé el visto bueno.',
    told: 'Gracias. Hemos avisado a la tienda.',
    forgotten: 'Tu voto cuenta. Este navegador no guarda datos de esta página, así que la página no lo recordará.',
    stays: 'Este voto no se puede retirar.',
    tryingAgain: 'Sin conexión. Nuevo intento …',
    tryAgain: 'Reintentar',
    tryAgainIn: { one: 'Reintentar en {n} segundo', other: 'Reintentar en {n} segundos' },
    dismiss: 'Cerrar',
    unreachable: 'No se puede acceder al servicio.',
    unknown: 'No ha llegado respuesta. Puede que se haya guardado: compruébalo antes de enviarlo otra vez.',
    busy: 'Demasiadas peticiones a la vez. No se ha guardado nada; espera un momento.',
    unavailable: 'El servicio no está disponible en este momento.',
    notSaved: 'El servicio no está disponible en este momento. No se ha guardado nada.',
    gone: 'Esto ya no existe.',
    refused: 'El servicio no lo acepta: {detail}'
  },
  ja: {
    direction: 'ltr',
    heading: '質問と回答',
    ask: '質問する',
    search: '質問と回答を検索',
    sort: '並べ替え',
    helpfulFirst: '参考になった順',
    newestFirst: '新しい順',
    oldestFirst: '古い順',
    show: '表示',
    all: 'すべての質問',
    answered: '回答あり',
    unanswered: '回答待ち',
    questions: { other: '質問{n}件' },
    found: { other: '{n}件の質問が見つかりました' },
    foundSoFar: { other: '読み込み済みの質問から{n}件見つかりました' },
    none: 'この商品への質問はまだありません。最初の質問をどうぞ。',
    noneFound: '見つかりませんでした。',
    showAll: 'すべての質問を表示',
    moreQuestions: '質問をもっと見る',
    moreAnswers: '回答をもっと見る',
    askedBy: '質問者：{name}',
    answeredBy: '回答者：{name}',
    helpful: '参考になった',
    votes: { other: '{n}票' },
    takeBack: '参考になったと投票済みです。もう一度押すと取り消します。',
    reply: 'この質問に回答する',
    photo: '{name}さんの写真{n}',
    noPhoto: 'この写真は表示できません',
    report: '報告',
    reported: '報告済み',
    reportQuestion: 'この質問を報告しますか？',
    reportAnswer: 'この回答を報告しますか？',
    reportHint: 'ショップに通知され、あなたには表示されなくなります。',
    reason: '問題の内容',
    spam: '宣伝である',
    offensive: '不快な内容である',
    personalData: '個人情報が含まれている',
    wrongProduct: '別の商品についてである',
    other: 'その他',
    note: 'ショップへのメモ',
    cancel: 'キャンセル',
    yourQuestion: '質問の内容',
    yourAnswer: '回答の内容',
    characters: '{n}／{most}文字',
    photos: '写真のアドレス',
    optional: '（任意）',
    photosHint: '1行に1件、最大{most}件。',
    name: 'お名前',
    nameHint: '全員に表示されます。',
    email: 'メールアドレス',
    emailHint: '表示されることはありません。',
    sendQuestion: '質問を送信',
    sendAnswer: '回答を送信',
    empty: '入力してください。',
    tooLong: '{most}文字以内で入力してください（現在{n}文字）。',
    wrongEmail: 'you@example.org のようなメールアドレスを入力してください。',
    tooManyPhotos: '写真は{most}件までです（現在{n}件）。',
    wrongPhoto: 'http または https のアドレスではありません：{address}',
    sentQuestion: 'ありがとうございます。質問を公開しました。',
    sentAnswer: 'ありがとうございます。回答を公開しました。',
    waits: 'ありがとうございます。ショップの承認後に公開されます。',
    told: 'ありがとうございます。ショップに通知しました。',
    forgotten: '投票を受け付けました。このブラウザーはこのページのデータを保存しないため、投票したことは記憶されません。',
    stays: 'この投票は取り消せません。',
    tryingAgain: '接続できません。再試行しています…',
    tryAgain: '再試行',
    tryAgainIn: { other: '{n}秒後に再試行' },
    dismiss: '閉じる',
    unreachable: 'サービスに接続できませんでした。',
    unknown: '応答がありませんでした。保存された可能性があるため、再送信の前にご確認ください。',
    busy: '操作が多すぎます。保存されていませんので、少しお待ちください。',
    unavailable: '現在サービスを利用できません。',
    notSaved: '現在サービスを利用できません。保存されていません。',
    gone: 'すでに存在しません。',
    refused: 'サービスに受け付けられませんでした：{detail}'
  },
  ar: {
    direction: 'rtl',
    heading: 'الأسئلة والأجوبة',
    ask: 'اطرح سؤالًا',
    search: 'ابحث في الأسئلة والأجوبة',
    sort: 'ترتيب حسب',
    helpfulFirst: 'الأكثر فائدة',
    newestFirst: 'الأحدث',
    oldestFirst: 'الأقدم',
    show: 'عرض',
    all: 'كل الأسئلة',
    answered: 'المُجاب عنها',
    unanswered: 'بلا إجابة بعد',
    questions: {
      zero: 'لا أسئلة', one: 'سؤال واحد', two: 'سؤالان', few: '{n} أسئلة', many: '{n} سؤالًا', other: '{n} سؤال'
    },
    found: {
      zero: 'لم يُعثر على أي سؤال', one: 'عُثر على سؤال واحد', two: 'عُثر على سؤالين', few: 'عُثر على {n} أسئلة',
      many: 'عُثر على {n} سؤالًا', other: 'عُثر على {n} سؤال'
    },
    foundSoFar: {
      zero: 'لم يُعثر على أي سؤال بين ما حُمّل حتى الآن', one: 'عُثر على سؤال واحد بين ما حُمّل حتى الآن',
      two: 'عُثر على سؤالين بين ما حُمّل حتى الآن', few: 'عُثر على {n} أسئلة بين ما حُمّل حتى الآن',
      many: 'عُثر على {n} سؤالًا بين ما حُمّل حتى الآن', other: 'عُثر على {n} سؤال بين ما حُمّل حتى الآن'
    },
    none: 'لم يسأل أحد عن هذا المنتج بعد. كن أول من يسأل!',
    noneFound: 'لم يُعثر على شيء.',
    showAll: 'عرض كل الأسئلة',
    moreQuestions: 'المزيد من الأسئلة',
    moreAnswers: 'المزيد من الأجوبة',
    askedBy: 'سؤال من {name}',
    answeredBy: 'إجابة من {name}',
    helpful: 'مفيد',
    votes: {
      zero: 'لا أصوات', one: 'صوت واحد', two: 'صوتان', few: '{n} أصوات', many: '{n} صوتًا', other: '{n} صوت'
    },
    takeBack: 'وجدتَ هذا مفيدًا. اضغط مرة أخرى للتراجع.',
    reply: 'أجب عن هذا السؤال',
    photo: 'الصورة {n} من {name}',
    noPhoto: 'لا يمكن عرض هذه الصورة',
    report: 'إبلاغ',
    reported: 'تم الإبلاغ',
    reportQuestion: 'هل تريد الإبلاغ عن هذا السؤال؟',
    reportAnswer: 'هل تريد الإبلاغ عن هذه الإجابة؟',
    reportHint: 'سيُبلَّغ المتجر، ولن تراه بعد ذلك.',
    reason: 'ما المشكلة فيه؟',
    spam: 'إعلان',
    offensive: 'محتوى مسيء',
    personalData: 'يحتوي على بيانات شخصية',
    wrongProduct: 'يخص منتجًا آخر',
    other: 'شيء آخر',
    note: 'ملاحظة للمتجر',
    cancel: 'إلغاء',
    yourQuestion: 'سؤالك',
    yourAnswer: 'إجابتك',
    characters: '{n} من {most} حرف',
    photos: 'عناوين الصور',
    optional: '(اختياري)',
    photosHint: 'عنوان في كل سطر، و{most} على الأكثر.',
    name: 'اسمك',
    nameHint: 'يظهر للجميع.',
    email: 'بريدك الإلكتروني',
    emailHint: 'لا يظهر أبدًا.',
    sendQuestion: 'إرسال السؤال',
    sendAnswer: 'إرسال الإجابة',
    empty: 'يرجى ملء هذا الحقل.',
    tooLong: 'الحد الأقصى {most} حرف، والنص الآن {n}.',
    wrongEmail: 'يرجى إدخال عنوان بريد إلكتروني مثل you@example.org.',
    tooManyPhotos: 'الحد الأقصى {most} صور، وهي الآن {n}.',
    wrongPhoto: 'ليس عنوان http أو https: {address}',
    sentQuestion: 'شكرًا لك. نُشر سؤالك.',
    sentAnswer: 'شكرًا لك. نُشرت إجابتك.',
    waits: 'شكرًا لك. سيُنشر بعد موافقة المتجر.',
    told: 'شكرًا لك. أُبلغ المتجر.',
    forgotten: 'احتُسب صوتك. لا يحفظ هذا المتصفح بيانات لهذه الصفحة، لذا لن تتذكره الصفحة.',
    stays: 'لا يمكن التراجع عن هذا الصوت.',
    tryingAgain: 'لا يوجد اتصال. تجري إعادة المحاولة …',
    tryAgain: 'إعادة المحاولة',
    tryAgainIn: {
      zero: 'إعادة المحاولة الآن', one: 'إعادة المحاولة بعد ثانية', two: 'إعادة المحاولة بعد ثانيتين',
      few: 'إعادة المحاولة بعد {n} ثوانٍ', many: 'إعادة المحاولة بعد {n} ثانية', other: 'إعادة المحاولة بعد {n} ثانية'
    },
    dismiss: 'إغلاق',
    unreachable: 'تعذّر الوصول إلى الخدمة.',
    unknown: 'لم يصل رد. ربما تم الحفظ: يرجى التحقق قبل الإرسال مرة أخرى.',
    busy: 'طلبات كثيرة دفعة واحدة. لم يُحفظ شيء؛ يرجى الانتظار قليلًا.',
    unavailable: 'الخدمة غير متاحة حاليًا.',
    notSaved: 'الخدمة غير متاحة حاليًا. لم يُحفظ شيء.',
    gone: 'لم يعد هذا موجودًا.',
    refused: 'لم تقبل الخدمة هذا: {detail}'
  }
}

/* Says texts in one language. */
class Words {
  /* `asked` is a language tag. One that is not in the table is English. */
  constructor(asked) {
    const [locale, name] = localeOf(asked)
    Object.assign(this, { locale, name, table: languages[name] })
    this.plural = new Intl.PluralRules(locale)
    this.format = new Intl.NumberFormat(locale)
  }

  say(name, values) {
    return this.parts(name, values).join('')
  }

  /* Text and values by turns, so that a value can be an element. */
  parts(name, values = {}) {
    const entry = this.table[name] ?? languages.en[name]
    const text = entry.other === undefined ? entry : entry[this.plural.select(values.n)] ?? entry.other
    return text.split(/\{(\w+)\}/).map((part, i) => i % 2 === 0 ? part : this.#shown(values[part]))
  }

  #shown(value) {
    return typeof value === 'number' ? this.format.format(value) : value
  }

  date(iso, style) {
    return new Intl.DateTimeFormat(this.locale, style).format(new Date(iso))
  }

  problem({ status, write, unknown, detail }) {
    if (unknown) return this.say('unknown')
    if (status === undefined) return this.say('unreachable')
    if (status === 404) return this.say('gone')
    if (status === 429) return this.say('busy')
    if (status >= 500) return this.say(write ? 'notSaved' : 'unavailable')
    return this.say('refused', { detail: detail ?? String(status) })
  }
}

/* The tag to write numbers and dates by, and the name in the table. */
function localeOf(asked) {
  try {
    const [tag] = Intl.getCanonicalLocales(asked || 'en')
    const name = [tag, tag.split('-')[0]].find(one => Object.hasOwn(languages, one))
    return name ? [tag, name] : ['en', 'en']
  } catch {
    return ['en', 'en'] /* no language tag at all */
  }
}

/* ---- Rules: what the service accepts, so that it can be said before it is sent ----
 *
 * Lengths are in code points. */

export const limits = { body: 1000, name: 60, email: 254, photoUrl: 2048, photos: 10 }

const characters = text => [...text].length

export const isFilled = (text, most) => !/^\p{White_Space}*$/u.test(text) && characters(text) <= most

export const isEmail = text =>
  /^[^@\p{White_Space}]+@[^@\p{White_Space}]+$/u.test(text) && characters(text) <= limits.email

export const isPhotoUrl = url =>
  url !== '' && characters(url) <= limits.photoUrl && !/[\p{White_Space}\p{Cc}]/u.test(url) &&
  ['', 'http', 'https'].includes(schemeOf(url))

/* The scheme, in small letters; '' where there is none: a host with a port is no scheme. */
function schemeOf(url) {
  if (/^([a-z][a-z0-9-]*\.[a-z0-9.-]*|localhost):[0-9]{1,5}([/?#]|$)/i.test(url)) return ''
  return /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1].toLowerCase() ?? ''
}

const linesOf = text => text.split('\n').map(line => line.trim()).filter(line => line !== '')

/* A text without its case and its accents, to compare it with another. */
const folded = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

/* ---- Memory: across visits or, where the browser keeps nothing for the page, until it is left ---- */

const unkept = new Map()

function recall(key) {
  try {
    return localStorage.getItem(key) ?? unkept.get(key) ?? null
  } catch {
    return unkept.get(key) ?? null /* storage is off */
  }
}

/* Returns whether the next visit will know it. */
function remember(key, value) {
  try {
    localStorage.setItem(key, value)
    return true
  } catch {
    unkept.set(key, value) /* storage is off or full */
    return false
  }
}

function forget(key) {
  unkept.delete(key)
  try {
    localStorage.removeItem(key)
  } catch { /* storage is off */ }
}

/* Of what this browser did, 'vote' or 'report', for an item. The date tells items apart that have one id in two
 * data sets. */
const deedKey = (deed, { kind, id, date }) => `atelier-qa ${deed} ${kind} ${id} ${date}`

/* By which the service counts a shopper once. */
function voterOfBrowser() {
  const key = 'atelier-qa voter'
  const voter = recall(key) ?? randomId()
  remember(key, voter)
  return voter
}

/* A random UUID; crypto.randomUUID is there for pages by https and on localhost only. */
function randomId() {
  if (crypto.randomUUID) return crypto.randomUUID()
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = bytes[6] & 0x0f | 0x40
  bytes[8] = bytes[8] & 0x3f | 0x80
  const text = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/* ---- The service ---- */

const timeoutMs = 15000
const pausesMs = [500, 1500, 4000] /* before it is sent again by itself; a quarter more or less */
const longestPauseS = 10           /* what the service asks for beyond that, the shopper waits for */
const temporary = [undefined, 409, 429, 502, 503, 504]

/* What went wrong: {write, status, field, detail, waitS; repeatable: whether sending it again does no harm; unknown:
 * whether it may have been applied}. */
class Problem extends Error {
  constructor(facts) {
    super(facts.detail)
    Object.assign(this, facts)
  }
}

class Service {
  /* Whether it searches and gives totals: known when a list has been read with its total. */
  finds = false

  /* `appliesOnce`: whether it makes a write once, however often it comes under one Idempotency-Key. One that gives
   * totals does, too. `onWait` is called before something is sent again. */
  constructor(address, appliesOnce, onWait) {
    Object.assign(this, { address, appliesOnce, onWait })
  }

  /* A list, how long it is, and where the words of a search are: {results, total, more, matches}. Where the service does not tell, `total` and `more` are
   * undefined. */
  async listAndTotal(path) {
    const { body, headers } = await this.#call('GET', path, { headers: { Prefer: 'count=exact' } })
    this.finds = headers.has('Total-Count')
    this.appliesOnce ||= this.finds
    const total = this.finds ? Number(headers.get('Total-Count')) : undefined
    return { results: body.results, matches: body.matches, total, more: this.#hasNext(headers) }
  }

  async list(path, onWait) {
    const { body, headers } = await this.#call('GET', path, { onWait })
    return { results: body.results, more: this.#hasNext(headers) }
  }

  /* How many answers the questions of a product have, in all. */
  async countAnswers(product, onWait) {
    const { body } = await this.#call('GET', `/qa/counts?product_ids=${product}`, { onWait })
    return body.results[0].answers
  }

  #hasNext(headers) {
    return this.finds ? /\brel="?next\b/.test(headers.get('Link')) : undefined
  }

  /* `key` is the Idempotency-Key. Returns {status, body}. */
  async write(method, path, { key, voter, body, onWait }) {
    const headers = { 'Idempotency-Key': key, ...voter && { 'Qa-Voter': voter } }
    if (body) headers['Content-Type'] = 'application/json'
    return this.#call(method, path, { headers, body, onWait })
  }

  async #call(method, path, { onWait = this.onWait, ...request }) {
    for (const pauseMs of [...pausesMs, undefined]) {
      try {
        return await this.#attempt(method, path, request)
      } catch (problem) {
        const isLast = pauseMs === undefined || problem.waitS > longestPauseS
        if (isLast || !problem.repeatable || !temporary.includes(problem.status)) throw problem
        onWait()
        const waitMs = Math.max(pauseMs * (0.75 + Math.random() / 2), problem.waitS * 1000)
        await new Promise(resolve => setTimeout(resolve, waitMs))
      }
    }
  }

  async #attempt(method, path, request) {
    let response
    try {
      response = await fetch(this.address + path, { method, signal: AbortSignal.timeout(timeoutMs), ...request })
      if (response.ok) {
        const { status, headers } = response
        return { status, headers, body: status === 204 ? null : await response.json() }
      }
    } catch { /* no response, or not all of it */
      throw this.#problem(method)
    }
    const { detail, field } = await response.json().catch(() => ({}))
    const waitS = Number(response.headers.get('Retry-After')) || 0
    throw this.#problem(method, { status: response.status, detail, field, waitS })
  }

  #problem(method, facts = { waitS: 0 }) {
    const { status } = facts
    const write = method !== 'GET'
    const unknown = write && !this.appliesOnce && [undefined, 500, 504].includes(status)
    const repeatable = !unknown && (temporary.includes(status) || status >= 500)
    return new Problem({ ...facts, write, unknown, repeatable })
  }
}

/* ---- Elements ---- */

/* Attributes that are false or undefined are left out, and children that are false; what begins with "on" is a
 * listener. */
function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children)
}

function fill(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children.filter(child => child !== false))
  return made
}

const button = (text, onclick, kind = 'button') => element('button', { type: 'button', class: kind, onclick }, text)

const quiet = text => element('span', { class: 'quiet' }, text)

const icons = {
  search: 'M16 16l4.5 4.5M4 10.5a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0',
  thumb: 'M7.5 10.5 11 3.5q2.6 0 2.6 2.8V9.5h4.6q2.3 0 1.9 2.3l-1.1 6.4q-.4 2.3-2.6 2.3H7.5ZM7.5 10.5v10h-3v-10Z',
  arrow: 'M6 9.5l6 6 6-6',
  photo: 'M3 5.5h18v13H3ZM3 16l5-5 4.5 4.5 3-2.5 5.5 4.5M15.5 9.2h.01'
}

function icon(name) {
  const svg = tag => document.createElementNS('http://www.w3.org/2000/svg', tag)
  return fill(svg('svg'), { class: `icon ${name}`, viewBox: '0 0 24 24', 'aria-hidden': 'true' },
    [fill(svg('path'), { d: icons[name] }, [])])
}

/* A text whose parts at these ranges, [start, end] in code points, are marked. */
function marked(text, ranges = []) {
  const points = [...text]
  const pieces = []
  let shown = 0
  for (const [start, end] of ranges) {
    pieces.push(points.slice(shown, start).join(''), element('mark', {}, points.slice(start, end).join('')))
    shown = end
  }
  return [...pieces, points.slice(shown).join('')]
}

/* Has a field of a form say what is wrong with it; an empty text takes that away. */
function showFieldError(field, text) {
  field.getRootNode().getElementById(`${field.id}-error`).textContent = text
  field.setAttribute('aria-invalid', String(text !== ''))
}

/* ---- Messages: what went well, and problems, with an offer to try again where that does no harm ---- */

const fadeMs = 6000

class Messages {
  /* They appear in `place`, a live region. `home` gets the focus when the message that has it goes; `onProblem` gets
   * problems too. */
  constructor({ words, place, home, onProblem }) {
    Object.assign(this, { words, place, home, onProblem })
  }

  clear() {
    const hadFocus = this.place.contains(this.place.getRootNode().activeElement)
    this.place.replaceChildren()
    if (hadFocus) this.home.focus()
  }

  success(text) {
    const message = element('p', { class: 'message good' }, text)
    this.place.replaceChildren(message)
    setTimeout(() => message.remove(), fadeMs)
  }

  waiting() {
    this.place.replaceChildren(element('p', { class: 'message' }, this.words.say('tryingAgain')))
  }

  /* `again` repeats what failed; it is offered once the service's Retry-After has passed. */
  problem(problem, again) {
    this.onProblem(problem)
    const message = element('div', { class: 'message bad' }, element('p', {}, this.words.problem(problem)))
    if (problem.repeatable) message.append(this.#againButton(again, Math.ceil(problem.waitS)))
    message.append(button(this.words.say('dismiss'), () => this.clear()))
    this.place.replaceChildren(message)
  }

  /* Takes away that something is tried again. */
  waited() {
    if (this.place.querySelector('p.message:not(.good)')) this.clear()
  }

  /* Runs an action; what goes wrong is shown, and can be run again from there. */
  async run(action) {
    this.clear()
    try {
      await action()
      this.waited()
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      this.problem(problem, () => this.run(action))
    }
  }

  #againButton(again, waitS) {
    const made = button(this.words.say('tryAgain'), () => waitS <= 0 && again())
    const countDown = () => {
      made.setAttribute('aria-disabled', String(waitS > 0))
      made.textContent = waitS > 0 ? this.words.say('tryAgainIn', { n: waitS }) : this.words.say('tryAgain')
      if (waitS-- > 0) setTimeout(countDown, 1000)
    }
    countDown()
    return made
  }
}

/* Calls `action` when somebody first sees an element. */
function whenSeen(shown, action) {
  const observer = new IntersectionObserver(entries => {
    if (!entries.some(entry => entry.isIntersecting)) return
    observer.disconnect()
    action()
  })
  observer.observe(shown)
}

/* ---- Lists that grow page by page ----
 *
 * Items that are on it already are not added again, so a page may overlap what is shown: after a report, say, when all
 * that follow have moved up. */

class List {
  #shown = new Map()
  #own = new Set() /* ids of those that were put on top here, out of their order */
  #turn = 0

  /* `read(page, count, onWait)` is {results, more}; `onRead` gets it and the page's number before that page is shown;
   * `build` makes the element of an item, whose id is item[idName]; the button `more` is there while the service has
   * more. */
  constructor({ read, onRead = () => {}, pageSize, idName, list, more, build }) {
    Object.assign(this, { read, onRead, pageSize, idName, list, more, build })
  }

  get elements() {
    return [...this.#shown.values()]
  }

  /* Returns how many of the items are new. */
  add(items) {
    const fresh = items.filter(item => !this.#shown.has(item[this.idName]))
    for (const item of fresh) this.#shown.set(item[this.idName], this.build(item))
    this.list.append(...this.elements.slice(this.#shown.size - fresh.length))
    return fresh.length
  }

  /* Puts a new item on top. Returns its element. */
  put(item) {
    const made = this.build(item)
    this.#shown.set(item[this.idName], made)
    this.#own.add(item[this.idName])
    this.list.prepend(made)
    return made
  }

  /* Returns the element that has its place now, null for none; undefined when it was not on the list. */
  remove(id) {
    const gone = this.#shown.get(id)
    if (!gone) return undefined
    const next = gone.nextElementSibling ?? gone.previousElementSibling
    gone.remove()
    this.#shown.delete(id)
    this.#own.delete(id)
    return next
  }

  /* Shows `more` if the service has an item after those that are on the list. The reader did not ask for it, and is not
   * told when it has to be tried again. */
  async lookForMore() {
    const { results } = await this.read(this.#shown.size - this.#own.size + 1, 1, () => {})
    this.more.hidden = results.every(item => this.#shown.has(item[this.idName]))
  }

  /* Adds a page and goes to its first item. */
  async showMore() {
    const before = this.#shown.size
    let page = Math.floor((before - this.#own.size) / this.pageSize) + 1
    let items
    do items = await this.#read(page++, this.pageSize)
    while (items && this.add(items) === 0 && !this.more.hidden)
    if (items) this.elements[before]?.focus()
  }

  /* Loads the first items anew and returns them; undefined when another reload has begun meanwhile. */
  async reload(count = this.pageSize) {
    this.#turn++
    const items = await this.#read(1, count)
    if (!items) return undefined
    this.#shown.clear()
    this.#own.clear()
    this.list.replaceChildren()
    this.add(items)
    return items
  }

  async #read(page, count) {
    const turn = this.#turn
    const read = await this.read(page, count)
    /* A service that does not tell is asked for the item that follows. */
    const next = read.more ?? (await this.read(page * count + 1, 1)).results.length > 0
    if (turn !== this.#turn) return undefined
    this.more.hidden = !next
    this.onRead(read, page)
    return read.results
  }
}

/* ---- Dialogs ---- */

class Dialog {
  constructor(words, kind, role) {
    this.words = words
    this.heading = element('h2', { id: `${kind}-heading` })
    this.context = element('p', { class: 'context', dir: 'auto' })
    this.form = element('form', { method: 'dialog', novalidate: true })
    this.shown = element('dialog', { class: kind, role, 'aria-labelledby': `${kind}-heading` }, this.form)
  }

  /* The buttons at its end. */
  buttons(submit) {
    return element('div', { class: 'buttons' },
      button(this.words.say('cancel'), () => this.shown.close(), 'button plain'), submit)
  }
}

/* In which a question or an answer is written: it checks the rules before it sends, shows a refusal beside the field,
 * and keeps a draft until it has been sent. */
class Composer extends Dialog {
  #drafts  /* what was written, by path */
  #letters /* what was sent and has not arrived, by path */
  #sending = new Set() /* paths */
  #task

  /* `outside` are the messages about what was sent from a form that is no longer open; this one takes the place of the
   * composer `before`, and has its drafts. */
  constructor({ words, service, outside, before }) {
    super(words, 'composer')
    Object.assign(this, { service, outside })
    before?.#keepDraft()
    this.#drafts = before?.#drafts ?? new Map()
    this.#letters = before?.#letters ?? new Map()
    this.body = element('textarea', { id: 'body', name: 'body', rows: 5, maxlength: 2 * limits.body, required: true,
      'aria-describedby': 'body-hint body-error' })
    this.photos = element('textarea', { id: 'photos', name: 'photos', rows: 2, placeholder: 'https://…', dir: 'ltr',
      spellcheck: 'false', 'aria-describedby': 'photos-hint photos-error' })
    this.name = element('input', { id: 'name', name: 'name', maxlength: 2 * limits.name, required: true,
      autocomplete: 'nickname', 'aria-describedby': 'name-hint name-error' })
    this.email = element('input', { id: 'email', name: 'email', type: 'email', maxlength: 2 * limits.email,
      required: true, autocomplete: 'email', dir: 'ltr', 'aria-describedby': 'email-hint email-error' })
    this.label = element('label', { for: 'body' })
    this.photosField = this.#field(this.photos, words.say('photosHint', { most: limits.photos }),
      element('label', { for: 'photos' }, words.say('photos'), ' ', quiet(words.say('optional'))))
    this.submit = element('button', { class: 'button' })
    this.name.value = before?.name.value ?? ''
    this.email.value = before?.email.value ?? ''
    this.messages = new Messages({ words, place: element('div', { role: 'alert' }), home: this.body,
      onProblem: outside.onProblem })
    this.form.append(this.heading, this.context, this.#field(this.body, '', this.label), this.photosField,
      element('div', { class: 'pair' },
        this.#field(this.name, words.say('nameHint'), element('label', { for: 'name' }, words.say('name'))),
        this.#field(this.email, words.say('emailHint'), element('label', { for: 'email' }, words.say('email')))),
      this.messages.place, this.buttons(this.submit))
    this.form.addEventListener('input', event => this.#onInput(event.target))
    this.form.addEventListener('submit', event => this.#onSubmit(event))
    this.shown.addEventListener('close', () => this.#keepDraft())
  }

  #field(input, hint, label) {
    return element('div', { class: 'field' }, label, input,
      element('p', { class: 'hint', id: `${input.id}-hint` }, hint),
      element('p', { class: 'error', id: `${input.id}-error` }))
  }

  /* `task` says what to write: {path, heading, context, label, send, fields (sent along), withPhotos, onSent (gets the
   * response, returns what to tell)}; `shopper` {name, email} is who writes, where the shop knows it. */
  open(task, shopper) {
    this.#task = task
    const { heading, context, label, send } = task
    for (const [name, text] of Object.entries({ heading, context, label, submit: send })) this[name].textContent = text
    const draft = this.#drafts.get(task.path)
    this.body.value = draft?.body ?? ''
    this.photos.value = draft?.photos ?? ''
    this.name.value ||= shopper.name ?? ''
    this.email.value ||= shopper.email ?? ''
    this.photosField.hidden = !task.withPhotos
    for (const field of this.#fields()) showFieldError(field, '')
    this.messages.clear()
    this.#countCharacters()
    this.#showSending()
    this.shown.showModal()
    this.body.focus()
  }

  #fields() {
    return [this.body, this.photos, this.name, this.email]
  }

  #isOpen(path) {
    return this.shown.open && this.#task?.path === path
  }

  #draft() {
    return { body: this.body.value, photos: this.photos.value }
  }

  #keepDraft() {
    if (this.#task) this.#drafts.set(this.#task.path, this.#draft())
  }

  #countCharacters() {
    this.form.querySelector('#body-hint').textContent =
      this.words.say('characters', { n: characters(this.body.value), most: limits.body })
  }

  /* What is wrong with a field; an empty text when nothing is. */
  #wrong({ name, value }) {
    if (name === 'email') return isEmail(value) ? '' : this.words.say('wrongEmail')
    if (name === 'photos') return this.#wrongPhotos(linesOf(value))
    if (isFilled(value, limits[name])) return ''
    const n = characters(value)
    return n > limits[name] ? this.words.say('tooLong', { n, most: limits[name] }) : this.words.say('empty')
  }

  #wrongPhotos(urls) {
    if (urls.length > limits.photos) return this.words.say('tooManyPhotos', { n: urls.length, most: limits.photos })
    const wrong = urls.find(url => !isPhotoUrl(url))
    return wrong ? this.words.say('wrongPhoto', { address: wrong.slice(0, 60) }) : ''
  }

  #onInput(field) {
    this.#countCharacters()
    if (field.getAttribute('aria-invalid') === 'true') showFieldError(field, this.#wrong(field))
  }

  /* Marks every field that breaks a rule and goes to the first of them, or sends. */
  #onSubmit(event) {
    event.preventDefault()
    for (const field of this.#fields()) showFieldError(field, this.#wrong(field))
    const wrong = this.form.querySelector('[aria-invalid="true"]')
    if (wrong) wrong.focus()
    else this.#send(this.#letter())
  }

  /* What is in the form, to be sent: {task, draft, body, key}. The same text has the same key, however often it is
   * tried. */
  #letter() {
    const task = this.#task
    const body = this.#message(task)
    const last = this.#letters.get(task.path)
    return { task, draft: this.#draft(), body, key: last?.body === body ? last.key : randomId() }
  }

  /* Meanwhile the form may be closed, changed, or be that of another task. */
  async #send(letter) {
    const { task, body, key } = letter
    const { path } = task
    if (this.#sending.has(path)) return
    this.#letters.set(path, letter)
    this.messages.clear()
    this.outside.clear()
    this.#setSending(path, true)
    try {
      const response = await this.service.write('POST', path,
        { body, key, onWait: () => this.#messagesOf(path).waiting() })
      this.#arrived(letter)
      const told = task.onSent(response)
      if (this.#isOpen(path)) this.messages.success(told)
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      this.#failed(letter, problem)
    } finally {
      this.#setSending(path, false)
    }
  }

  #messagesOf(path) {
    return this.#isOpen(path) ? this.messages : this.outside
  }

  /* Its text is no draft any more, and its form is closed unless another text is in it by then. */
  #arrived({ task: { path }, draft }) {
    const isSent = other => other?.body === draft.body && other.photos === draft.photos
    this.#letters.delete(path)
    if (isSent(this.#drafts.get(path))) this.#drafts.delete(path)
    if (this.#task?.path === path && isSent(this.#draft())) this.#close()
  }

  /* It is tried again as it was sent; in its form, as it is there by then. */
  #failed(letter, problem) {
    const { path } = letter.task
    this.messages.waited()
    this.outside.waited()
    if (this.#isOpen(path) && this.#showBeside(problem)) return
    this.#messagesOf(path).problem(problem, () => this.#isOpen(path) ? this.form.requestSubmit() : this.#send(letter))
  }

  #setSending(path, sending) {
    if (sending) this.#sending.add(path)
    else this.#sending.delete(path)
    this.#showSending()
  }

  #showSending() {
    this.submit.setAttribute('aria-disabled', String(this.#sending.has(this.#task?.path)))
  }

  #message({ fields, withPhotos }) {
    const [body, name, email] = [this.body, this.name, this.email].map(field => field.value)
    return JSON.stringify({ body, name, email, ...fields, ...withPhotos && { photos: linesOf(this.photos.value) } })
  }

  /* A refusal that names a field. */
  #showBeside(problem) {
    const field = this.#fields().find(one => one.name === problem.field)
    if (!field) return false
    showFieldError(field, this.words.problem(problem))
    field.focus()
    return true
  }

  #close() {
    this.#drafts.delete(this.#task.path)
    this.#task = undefined
    this.shown.close()
  }
}

/* Of a report, as the service names them, and their texts. */
const reasons = {
  spam: 'spam',
  offensive: 'offensive',
  'personal-data': 'personalData',
  'wrong-product': 'wrongProduct',
  other: 'other'
}

/* Which asks whether to report something, and why. */
class Reporter extends Dialog {
  constructor(words) {
    super(words, 'reporter', 'alertdialog')
    this.note = element('textarea', { id: 'note', rows: 2, maxlength: 1000 }) /* longer ones the service drops */
    this.form.append(this.heading, this.context,
      element('p', { id: 'reporter-hint' }, words.say('reportHint')),
      element('fieldset', {},
        element('legend', {}, words.say('reason'), ' ', quiet(words.say('optional'))),
        ...Object.entries(reasons).map(([value, name]) => element('label', {},
          element('input', { type: 'radio', name: 'reason', value }), words.say(name)))),
      element('div', { class: 'field' },
        element('label', { for: 'note' }, words.say('note'), ' ', quiet(words.say('optional'))), this.note),
      this.buttons(element('button', { class: 'button', value: 'report' }, words.say('report'))))
    this.shown.setAttribute('aria-describedby', 'reporter-hint')
  }

  /* The body to report with; undefined when it was cancelled. */
  ask(heading, context) {
    this.heading.textContent = heading
    this.context.textContent = context
    this.form.reset()
    this.shown.returnValue = ''
    this.shown.showModal()
    return new Promise(resolve => this.shown.addEventListener('close', () =>
      resolve(this.shown.returnValue === 'report' ? this.#body() : undefined), { once: true }))
  }

  #body() {
    const reason = new FormData(this.form).get('reason') ?? undefined
    const note = this.note.value.trim() || undefined
    return JSON.stringify({ reason, note })
  }
}

/* ---- The board: what is shown of one product, in one language ---- */

const firstAnswers = 2
const longAnswers = 30000 /* characters, as JSON: of fewer the service leaves out nothing for its length */
const manyItems = 100 /* enough to have among them the one that the page's address names */
const typingMs = 300  /* a search begins when nothing was typed for so long */
/* The service that serves this file, and so is no older than it. */
const home = new URL('../../', import.meta.url).href
const stylesheet = new URL('product-questions.css', import.meta.url).href

class Board {
  #host
  #root
  #product
  #words
  #service
  #composer
  #reporter
  #messages
  #questions
  #parts
  #total
  #matches
  #came = new Map() /* how many answers came with each question of the list, by the question's id */
  #answerCount      /* a promise: how many answers the product has */
  #typing
  #left = false

  /* In `root`, the shadow of the element `host`, whose attributes say what to show; `before` was there until now. */
  constructor(host, root, before) {
    this.#host = host
    this.#root = root
    this.#product = host.productId
    this.#words = new Words(host.closest('[lang]')?.lang || document.documentElement.lang || navigator.language)
    const api = new URL(host.getAttribute('api') ?? home, document.baseURI).href
    this.#service = new Service(api.replace(/\/$/, ''), api === home, () => this.#messages.waiting())
    this.#reporter = new Reporter(this.#words)
    const isOfSame = before?.#product === this.#product && before.#service.address === this.#service.address
    this.#build(isOfSame ? before.#composer : undefined)
    this.load()
  }

  /* Another one takes its place: what still comes for it is nobody's news. */
  leave() {
    this.#left = true
  }

  /* ---- The frame ---- */

  /* `composer` was there until now, for the same product. */
  #build(composer) {
    const { name, table } = this.#words
    const say = (...text) => this.#words.say(...text)
    const level = Math.min(Math.max(Number(this.#host.getAttribute('heading-level')) || 2, 1), 5)
    const parts = this.#parts = {
      level,
      heading: element(`h${level}`, { id: 'heading', tabindex: '-1' }, say('heading')),
      total: element('p', { id: 'total', class: 'quiet', role: 'status' }),
      search: element('input', { id: 'search', type: 'search', placeholder: say('search'), autocomplete: 'off',
        'aria-label': say('search'), oninput: () => this.#searchSoon() }),
      sort: this.#choice('sort', { helpful: 'helpfulFirst', newest: 'newestFirst', oldest: 'oldestFirst' }),
      show: this.#choice('show', { '': 'all', true: 'answered', false: 'unanswered' }),
      area: element('div', { id: 'area', 'aria-busy': 'true' }),
      list: element('ol', { id: 'list', role: 'list' }),
      none: element('div', { id: 'none', class: 'none', hidden: true }),
      more: button(say('moreQuestions'), () => this.#messages.run(() => this.#questions.showMore()), 'button plain'),
      notice: element('div', { id: 'notice', role: 'status' })
    }
    parts.more.id = 'more'
    parts.more.hidden = true
    parts.tools = element('div', { id: 'tools', role: 'search', hidden: true },
      element('div', { class: 'search' }, icon('search'), parts.search),
      ...[parts.sort, parts.show].map(choice => element('label', { class: 'choice' },
        quiet(say(choice.id)), element('span', { class: 'select' }, choice, icon('arrow')))))
    parts.area.append(parts.list, parts.none, parts.more)
    this.#messages = new Messages({
      words: this.#words,
      place: parts.notice,
      home: parts.heading,
      onProblem: problem => this.#tellProblem(problem)
    })
    this.#composer = new Composer({
      words: this.#words,
      service: this.#service,
      outside: this.#messages,
      before: composer
    })
    const ask = button(say('ask'), () => this.#ask())
    ask.id = 'ask'
    const widget = element('section',
      { class: 'widget', lang: name, dir: table.direction, 'aria-labelledby': 'heading', hidden: true },
      element('div', { class: 'layout' },
        element('header', {}, element('div', {}, parts.heading, parts.total), ask), parts.tools, parts.area),
      parts.notice, this.#composer.shown, this.#reporter.shown)
    this.#questions = new List({
      read: (page, count) => this.#readQuestions(page, count),
      onRead: (read, page) => this.#onQuestionsRead(read, page),
      pageSize: Number(this.#host.getAttribute('page-size')) || 5,
      idName: 'question_id',
      list: parts.list,
      more: parts.more,
      build: question => this.#question(question)
    })
    const show = () => { widget.hidden = false }
    const link = element('link', { rel: 'stylesheet', href: stylesheet, onload: show, onerror: show })
    this.#root.replaceChildren(link, widget)
  }

  /* One of several: their values, and the names of their texts. */
  #choice(id, options) {
    const made = Object.entries(options).map(([value, text]) => element('option', { value }, this.#words.say(text)))
    return element('select', { id, onchange: () => this.#loadAgain() }, ...made)
  }

  /* ---- The list of questions ---- */

  async load() {
    const pointed = /^#((?:question|answer)-\d+)$/.exec(location.hash)?.[1]
    await this.#messages.run(async () => {
      const loaded = await this.#reloadQuestions(pointed && manyItems)
      if (!loaded) return
      this.#parts.tools.hidden = false
      if (pointed) this.#pointAt(pointed)
      this.#tell('load', { questions: loaded, total: this.#total })
    })
  }

  /* After a change of order or filter, which keep the focus. */
  #loadAgain() {
    return this.#messages.run(() => this.#reloadQuestions())
  }

  async #reloadQuestions(count) {
    const { area } = this.#parts
    area.setAttribute('aria-busy', 'true')
    try {
      const loaded = await this.#questions.reload(count)
      if (loaded) this.#showTotal()
      return loaded
    } finally {
      area.setAttribute('aria-busy', 'false')
    }
  }

  #readQuestions(page, count) {
    const wanted = new URLSearchParams({ product_id: this.#product, page, count })
    const { sort, show } = this.#parts
    if (sort.value !== 'helpful') wanted.set('sort', sort.value)
    if (show.value) wanted.set('answered', show.value)
    if (this.#query() && this.#service.finds) {
      wanted.set('q', this.#query())
      wanted.set('highlight', 'true')
    }
    return this.#service.listAndTotal(`/qa/questions?${wanted}`)
  }

  #onQuestionsRead({ results, total, matches }, page) {
    this.#total = total
    this.#matches = matches
    if (page === 1) {
      this.#came.clear()
      this.#answerCount = undefined
    }
    for (const { question_id: id, answers } of results) this.#came.set(id, Object.keys(answers).length)
  }

  #query() {
    return this.#parts.search.value.trim()
  }

  #searchSoon() {
    clearTimeout(this.#typing)
    if (!this.#service.finds) return this.#showTotal()
    this.#typing = setTimeout(() => this.#loadAgain(), typingMs)
  }

  /* How many there are, or were found; and what is shown in place of an empty list. */
  #showTotal() {
    const { total, none, list, search, show } = this.#parts
    const elements = this.#questions.elements
    const found = this.#service.finds ? this.#total : this.#filterLoaded(elements)
    const filtered = this.#query() !== '' || show.value !== ''
    const name = !filtered ? 'questions' : this.#service.finds ? 'found' : 'foundSoFar'
    total.textContent = found === undefined || (found === 0 && !filtered) ? '' : this.#words.say(name, { n: found })
    none.hidden = elements.some(one => !one.hidden)
    list.hidden = !none.hidden
    none.replaceChildren(element('p', {}, this.#words.say(filtered ? 'noneFound' : 'none')))
    if (filtered) {
      none.append(button(this.#words.say('showAll'), () => {
        this.#showAll()
        search.focus()
      }, 'button plain'))
    }
  }

  /* Of a service that cannot search, the loaded questions are. Returns how many were found; undefined where nothing was
   * asked for. */
  #filterLoaded(elements) {
    const wanted = folded(this.#query())
    const textOf = one => [...one.querySelectorAll('.text')].map(text => text.textContent).join('\n')
    for (const one of elements) one.hidden = !folded(textOf(one)).includes(wanted)
    return wanted ? elements.filter(one => !one.hidden).length : undefined
  }

  #showAll() {
    this.#parts.search.value = this.#parts.show.value = ''
    return this.#loadAgain()
  }

  /* Brings an item into view. */
  #pointAt(id) {
    const item = this.#root.getElementById(id)
    if (!item) return
    item.classList.add('pointed')
    item.scrollIntoView({ block: 'center' })
    item.focus({ preventScroll: true })
  }

  /* ---- Questions and answers ---- */

  #question(question) {
    const id = question.question_id
    const list = element('ol', { class: 'answers', role: 'list' })
    const more = button(this.#words.say('moreAnswers'), () => this.#messages.run(() => answers.showMore()), 'link')
    const answers = new List({
      read: (page, count, onWait) =>
        this.#service.list(`/qa/questions/${id}/answers?page=${page}&count=${count}`, onWait),
      pageSize: 5,
      idName: 'answer_id',
      list,
      more,
      build: answer => this.#answer(answer, answers)
    })
    const inside = Object.values(question.answers).map(asListed).sort(mostHelpfulFirst)
    const pointed = inside.some(answer => location.hash === `#answer-${answer.answer_id}`)
    const found = inside.some(answer => this.#matches?.answers[answer.answer_id])
    const all = pointed || found || inside.length <= firstAnswers
    answers.add(all ? inside : inside.slice(0, firstAnswers))
    more.hidden = all
    const reply = button(this.#words.say('reply'), () => this.#reply(question, answers), 'link reply')
    const after = element('div', { class: 'after' }, more, reply)
    if (all && this.#parts.show.value !== 'false') whenSeen(after, () => this.#lookForAnswers(question, answers))
    return this.#item({
      kind: 'question',
      id,
      body: question.question_body,
      author: question.asker_name,
      date: question.question_date,
      helpful: question.question_helpfulness,
      content: [list, after],
      onReported: () => {
        const next = this.#questions.remove(id)
        if (next !== undefined && this.#total) this.#total--
        this.#showTotal()
        return next
      }
    })
  }

  /* The service puts so many answers of a question into its list of questions as it is set to, at least as many as came
   * with any question, and of long ones fewer. Where it may have left some out, it is asked how many answers the
   * product has, once, and then about the question. */
  async #lookForAnswers({ question_id: id, answers: inside }, answers) {
    const came = [...this.#came.values()]
    const isLong = JSON.stringify(inside).length > longAnswers
    if (!this.#came.has(id) || (this.#came.get(id) < Math.max(...came) && !isLong)) return
    try {
      if (this.#service.finds) {
        this.#answerCount ??= this.#service.countAnswers(this.#product, () => {})
        if (await this.#answerCount <= came.reduce((sum, number) => sum + number)) return
      }
      await answers.lookForMore()
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      answers.more.hidden = false /* who wants more asks again */
    }
  }

  #answer(answer, answers) {
    return this.#item({
      kind: 'answer',
      id: answer.answer_id,
      body: answer.body,
      author: answer.answerer_name,
      date: answer.date,
      helpful: answer.helpfulness,
      photos: answer.photos.map(({ url }, i) =>
        this.#photo(url, this.#words.say('photo', { n: i + 1, name: answer.answerer_name }))),
      onReported: () => answers.remove(answer.answer_id)
    })
  }

  /* What both have: a text, its author and date, votes, reports. */
  #item({ kind, id, body, author, date, helpful, photos = [], content = [], onReported }) {
    const { level } = this.#parts
    const item = { kind, id, date }
    const textId = `${kind}-${id}-text`
    const text = element(kind === 'question' ? `h${level + 1}` : 'p', { id: textId, class: 'text', dir: 'auto' },
      ...marked(body, this.#matches?.[`${kind}s`][id]))
    const moment = this.#words.date(date, { dateStyle: 'full', timeStyle: 'short' })
    const time = element('time', { datetime: date, title: moment }, this.#words.date(date, { dateStyle: 'medium' }))
    const by = this.#words.parts(kind === 'question' ? 'askedBy' : 'answeredBy',
      { name: element('bdi', { class: 'author' }, author) })
    return element('li', { id: `${kind}-${id}`, class: kind, tabindex: '-1' },
      text,
      photos.length > 0 && element('ul', { class: 'photos', role: 'list' }, ...photos),
      element('div', { class: 'foot' },
        element('p', { class: 'byline' }, ...by, ' ', time),
        element('div', { class: 'acts' },
          this.#voteButton(item, helpful, textId), this.#reportButton(item, body, textId, onReported))),
      ...content)
  }

  /* A photo, or a drawing in the place of one that cannot be shown. */
  #photo(url, alt) {
    const address = photoAddress(url, this.#service.address)
    const label = this.#words.say('noPhoto')
    const nothing = () => element('span', { class: 'photo', role: 'img', 'aria-label': label }, icon('photo'))
    if (!address) return element('li', {}, nothing())
    const image = element('img',
      { src: address, alt, loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer' })
    const link = element('a', { class: 'photo', href: address, target: '_blank', rel: 'noopener noreferrer' }, image)
    image.addEventListener('error', () => link.replaceWith(nothing()))
    return element('li', {}, link)
  }

  /* ---- Votes and reports ---- */

  #voteButton(item, count, textId) {
    const key = deedKey('vote', item)
    const path = `/qa/${item.kind}s/${item.id}/helpful`
    const number = element('span', { class: 'count', 'aria-hidden': 'true' })
    const votes = element('span', { class: 'unseen' })
    const made = element('button', { type: 'button', class: 'helpful', 'aria-describedby': textId },
      icon('thumb'), this.#words.say('helpful'), ' ', number, votes)
    const show = () => {
      const voted = recall(key) !== null
      number.textContent = this.#words.format.format(count)
      votes.textContent = `(${this.#words.say('votes', { n: count })})`
      made.setAttribute('aria-pressed', String(voted))
      made.title = voted ? this.#words.say('takeBack') : ''
    }
    const vote = async idempotencyKey => {
      await this.#write('PUT', path, idempotencyKey)
      count++
      if (!remember(key, '')) this.#messages.success(this.#words.say('forgotten'))
      this.#tell('vote', item)
    }
    const takeBack = async idempotencyKey => {
      try {
        await this.#write('DELETE', path, idempotencyKey)
      } catch (problem) {
        /* It was given without a token, or the service takes none back. */
        if (![404, 405].includes(problem.status)) throw problem
        return this.#messages.success(this.#words.say('stays'))
      }
      count--
      forget(key)
      this.#tell('unvote', item)
    }
    let sending = false
    made.addEventListener('click', async () => {
      const voted = made.getAttribute('aria-pressed') === 'true'
      show()
      if (sending || voted !== (recall(key) !== null)) return /* it was given, or taken back, in another tab */
      sending = true
      const idempotencyKey = randomId() /* the same when it is tried again by hand */
      await this.#messages.run(() => voted ? takeBack(idempotencyKey) : vote(idempotencyKey))
      sending = false
      show()
    })
    show()
    return made
  }

  /* What was reported here and is shown all the same has been looked at by somebody. */
  #reportButton(item, body, textId, onReported) {
    const key = deedKey('report', item)
    const reported = recall(key) !== null
    const made = element('button', { type: 'button', class: 'report', 'aria-describedby': textId, disabled: reported },
      this.#words.say(reported ? 'reported' : 'report'))
    const setSending = sending => made.setAttribute('aria-disabled', String(sending))
    made.addEventListener('click', async () => {
      if (made.getAttribute('aria-disabled') === 'true') return
      const heading = this.#words.say(item.kind === 'question' ? 'reportQuestion' : 'reportAnswer')
      const report = await this.#reporter.ask(heading, body)
      if (report === undefined) return
      const idempotencyKey = randomId()
      await this.#messages.run(async () => {
        setSending(true)
        try {
          await this.#write('PUT', `/qa/${item.kind}s/${item.id}/report`, idempotencyKey, report)
        } finally {
          setSending(false)
        }
        remember(key, '')
        const next = onReported() /* undefined: another list is shown meanwhile */
        if (next !== undefined) (next ?? this.#parts.heading).focus()
        this.#messages.success(this.#words.say('told'))
        this.#tell('report', item)
      })
    })
    return made
  }

  #write(method, path, key, body) {
    return this.#service.write(method, path, { key, body, voter: this.#host.voter ?? voterOfBrowser() })
  }

  /* ---- Writing ---- */

  #ask() {
    this.#composer.open({
      heading: this.#words.say('ask'),
      context: this.#host.getAttribute('product-name') ?? '',
      label: this.#words.say('yourQuestion'),
      send: this.#words.say('sendQuestion'),
      path: '/qa/questions',
      fields: { product_id: Number(this.#product) },
      onSent: response => this.#onSent('question', response, this.#questions)
    }, this.#host.shopper)
  }

  #reply(question, answers) {
    this.#composer.open({
      heading: this.#words.say('reply'),
      context: question.question_body,
      label: this.#words.say('yourAnswer'),
      send: this.#words.say('sendAnswer'),
      path: `/qa/questions/${question.question_id}/answers`,
      withPhotos: true,
      onSent: response => this.#onSent('answer', response, answers)
    }, this.#host.shopper)
  }

  /* What is published is put on top of its list, where its writer finds it; it may be there when it was tried again.
   * 202: the shop looks at it first. Returns what the writer is told. */
  #onSent(kind, { status, body }, list) {
    this.#tell(kind === 'question' ? 'ask' : 'answer', { status, ...body })
    const told = this.#words.say(status === 202 ? 'waits' : kind === 'question' ? 'sentQuestion' : 'sentAnswer')
    if (status !== 202) {
      const id = body[`${kind}_id`]
      const isNew = list.remove(id) === undefined
      list.put(body)
      if (kind === 'question') {
        if (isNew && this.#total !== undefined) this.#total++
        this.#showTotal()
      }
      this.#pointAt(`${kind}-${id}`)
    }
    this.#messages.success(told)
    return told
  }

  #tellProblem(problem) {
    this.#tell('problem', { status: problem.status, field: problem.field, message: this.#words.problem(problem) })
  }

  /* Tells the page what happened, by an event qa-NAME. */
  #tell(name, detail) {
    if (this.#left) return
    this.#host.dispatchEvent(new CustomEvent(`qa-${name}`, { detail, bubbles: true, composed: true }))
  }
}

/* An answer inside a question, in the form that the list of answers has. */
function asListed(answer) {
  return { ...answer, answer_id: answer.id, photos: answer.photos.map(url => ({ url })) }
}

/* JSON.parse sorts the keys of an object that look like small numbers. */
function mostHelpfulFirst(a, b) {
  return b.helpfulness - a.helpfulness || a.answer_id - b.answer_id
}

/* Null unless it leads to http or https; one that starts with a host is taken as https, one that starts with / is of
 * the service. */
function photoAddress(url, service) {
  try {
    const address = new URL(schemeOf(url) || url.startsWith('/') ? url : `https://${url}`, service)
    return /^https?:$/.test(address.protocol) ? address.href : null
  } catch {
    return null
  }
}

/* ---- The element ---- */

/* Without a browser, when a server imports it, it is only a class. */
export class ProductQuestions extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ['product-id', 'api', 'lang', 'heading-level', 'page-size']
  /* A shop may add languages and change texts, before the first element is shown. */
  static languages = languages

  /* Who the shopper is, where the shop knows: {name, email} for the forms; and a token of 16 to 64 characters by which
   * votes are counted once, else one that this browser keeps. */
  shopper = {}
  voter

  #root
  #board
  #starting = false

  get productId() {
    return this.getAttribute('product-id')
  }

  set productId(value) {
    this.setAttribute('product-id', value)
  }

  connectedCallback() {
    if (!this.#board) this.#startSoon()
  }

  attributeChangedCallback(_, before, now) {
    if (before !== now) this.#startSoon()
  }

  /* Loads the questions anew. */
  async reload() {
    await this.#board?.load()
  }

  /* Several attributes that change at once are one change. */
  #startSoon() {
    if (this.#starting) return
    this.#starting = true
    queueMicrotask(() => {
      this.#starting = false
      if (this.isConnected && this.productId) this.#start()
    })
  }

  #start() {
    this.#root ??= this.attachShadow({ mode: 'open' })
    const before = this.#board
    before?.leave()
    this.#board = new Board(this, this.#root, before)
  }
}

if (globalThis.customElements && !customElements.get('product-questions')) {
  customElements.define('product-questions', ProductQuestions)
}
