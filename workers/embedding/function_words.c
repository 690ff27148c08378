/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The list, sorted, and looking a word up in it. Nothing blocks, allocates or logs.
 */
#include "workers/embedding/function_words.h"

#include <string.h>

#include "common/cleanup.h"

#define LONGEST 12U

/* clang-format off */
static const char WORDS[][LONGEST + 1] = {
    "a", "aan", "aber", "about", "ad", "after", "again", "agli", "ai", "al", "albo", "ale", "algo",
    "algun", "alguna", "algunas", "algunos", "all", "alla", "alle", "allem", "allen", "aller",
    "alles", "allo", "als", "also", "alt", "although", "altijd", "am", "an", "anche", "and",
    "andere", "anderen", "andre", "ante", "antes", "any", "ao", "aos", "aquel", "aquela", "aquele",
    "aquella", "are", "as", "at", "ate", "att", "au", "auch", "aucun", "aucune", "auf", "aus",
    "aussi", "autre", "autres", "aux", "av", "avant", "avec", "avoir", "bara", "bardzo", "be",
    "because", "been", "before", "bei", "beim", "being", "ben", "between", "bez", "bij", "bin",
    "bis", "bist", "blev", "bli", "blir", "bliver", "bo", "both", "but", "by", "byc", "byl", "byla",
    "bylo", "byly", "c", "can", "cannot", "car", "ce", "ceci", "cela", "celle", "celles", "celui",
    "ces", "cet", "cette", "ceux", "chaque", "che", "chi", "ci", "cio", "co", "coi", "col", "com",
    "come", "comme", "comment", "como", "con", "contra", "contro", "cosa", "could", "cual",
    "cuales", "cuando", "cuanto", "cui", "czy", "d", "da", "daar", "dagli", "dai", "dal", "dalla",
    "dalle", "dallo", "damit", "dan", "dann", "dans", "das", "dass", "dat", "de", "deg", "degli",
    "dei", "dein", "deine", "del", "dela", "dele", "deles", "dell", "della", "delle", "dello",
    "dem", "den", "denn", "denna", "denne", "dennes", "der", "deras", "dere", "deren", "deres",
    "des", "desde", "dessen", "det", "detta", "dette", "deze", "di", "dich", "did", "die", "dies",
    "diese", "diesem", "diesen", "dieser", "dieses", "dig", "din", "disse", "dit", "dla", "do",
    "doch", "doen", "does", "doing", "donc", "donde", "done", "dont", "door", "dort", "dos", "dove",
    "du", "due", "durante", "durch", "during", "dus", "e", "each", "ed", "een", "eens", "efter",
    "ein", "eine", "einem", "einen", "einer", "eines", "either", "ej", "el", "ela", "elas", "ele",
    "eles", "ella", "ellas", "elle", "eller", "elles", "ellos", "else", "em", "en", "encore",
    "entre", "er", "era", "eran", "erano", "es", "esa", "esas", "ese", "eso", "esos", "essa",
    "essas", "esse", "essere", "esses", "est", "esta", "estaba", "estan", "estao", "estar", "estas",
    "este", "estes", "esto", "estos", "et", "etaient", "etait", "etant", "ete", "etes", "etre",
    "ett", "etter", "etwas", "eu", "euch", "eux", "ever", "every", "explain", "fait", "few", "find",
    "foi", "font", "for", "foram", "fra", "fran", "from", "fue", "fueron", "fur", "gdy", "gdzie",
    "ge", "geen", "gegen", "get", "geweest", "gibt", "give", "given", "gli", "go", "ha", "haar",
    "hab", "habe", "haben", "haber", "habia", "had", "ham", "han", "hanno", "hans", "har", "has",
    "hasta", "hat", "hatte", "hatten", "have", "having", "hay", "he", "heb", "hebben", "heeft",
    "hem", "hence", "her", "here", "hers", "het", "hier", "hij", "him", "hin", "hinter", "his",
    "ho", "hoe", "hos", "how", "however", "hun", "hur", "hva", "hvad", "hvem", "hver", "hvilke",
    "hvilken", "hvis", "hvor", "hvordan", "hvorfor", "i", "ich", "icke", "iemand", "iets", "if",
    "ifra", "igen", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ik", "ikke",
    "il", "ils", "im", "in", "indem", "ingen", "ins", "inte", "into", "io", "is", "isso", "ist",
    "isto", "it", "its", "itself", "j", "ja", "jag", "jak", "jaka", "jaki", "jakie", "jako", "je",
    "jede", "jedem", "jeden", "jeder", "jedes", "jeg", "jego", "jej", "jesli", "jest", "jestem",
    "jusque", "just", "juz", "kan", "kann", "kein", "keine", "keinem", "keinen", "keiner", "kiedy",
    "kon", "konnen", "konnte", "kto", "ktora", "ktore", "ktory", "ktorych", "ktorym", "ktorzy",
    "kun", "kunne", "kunnen", "l", "la", "las", "le", "lei", "les", "let", "leur", "leurs", "lhe",
    "li", "lo", "loro", "lorsque", "los", "lub", "lui", "m", "ma", "maar", "machen", "mais", "mam",
    "man", "manche", "many", "mas", "may", "me", "mean", "means", "med", "meer", "meg", "mehr",
    "mein", "meine", "mellan", "meme", "memes", "men", "mentre", "mer", "mes", "mesmo", "met",
    "meu", "mi", "mia", "mich", "mie", "miei", "mig", "might", "mij", "mijn", "min", "minha", "mio",
    "mir", "mis", "mit", "mitt", "mnie", "mochte", "moet", "moi", "molto", "mon", "more", "most",
    "mot", "moze", "much", "mucho", "muchos", "muito", "muss", "mussen", "must", "muy", "my",
    "mycket", "n", "na", "naar", "nach", "nad", "nada", "nam", "nao", "nar", "nas", "nawet", "ne",
    "negli", "nei", "neither", "nej", "nel", "nell", "nella", "nelle", "nello", "nem", "ni", "nic",
    "nicht", "nichts", "nie", "niet", "niets", "niz", "no", "noch", "noe", "noen", "nog", "nogen",
    "noget", "nogle", "nogon", "noi", "non", "nor", "nos", "nosotros", "nossa", "nosso", "nostra",
    "nostro", "not", "notre", "nous", "nu", "num", "numa", "nun", "nur", "o", "ob", "och", "od",
    "oder", "of", "off", "often", "og", "ogni", "ogsa", "ohne", "om", "omdat", "on", "ona", "once",
    "onde", "onder", "one", "oni", "only", "ono", "ons", "ont", "onto", "ook", "op", "opp", "or",
    "oraz", "os", "oss", "other", "otra", "otras", "otro", "otros", "ou", "our", "ours", "out",
    "over", "own", "pa", "par", "para", "parce", "pas", "pela", "pelas", "pelo", "pelos", "pendant",
    "per", "perche", "pero", "peu", "peut", "piu", "please", "plus", "po", "poco", "pod", "poi",
    "poniewaz", "por", "porque", "pour", "pourquoi", "przed", "przez", "przy", "pues", "qu",
    "quais", "qual", "quale", "quali", "quand", "quando", "quanti", "quanto", "que", "quel",
    "quella", "quelle", "quelles", "quelli", "quello", "quels", "quem", "questa", "queste",
    "questi", "questo", "qui", "quien", "quienes", "quite", "quoi", "rather", "reeds", "s", "sa",
    "same", "samma", "sans", "sara", "se", "sea", "sedan", "seg", "segun", "sehr", "sei", "sein",
    "seine", "seinem", "seinen", "seiner", "seit", "selbst", "sem", "senza", "ser", "sera", "ses",
    "seu", "seus", "shall", "she", "should", "show", "si", "sia", "siamo", "sich", "sido", "sie",
    "sig", "sin", "sina", "since", "sind", "sine", "sitt", "ska", "skal", "skall", "skulle", "so",
    "sobie", "sobre", "solche", "soll", "sollen", "sollte", "som", "some", "son", "sondern", "sono",
    "sonst", "sont", "sotto", "sous", "sta", "stato", "su", "sua", "suas", "such", "sue", "sugli",
    "sui", "sul", "sulla", "sulle", "suo", "suoi", "sur", "sus", "swoj", "t", "ta", "tak", "takze",
    "tam", "tambem", "tambien", "tan", "tanto", "te", "tegen", "tego", "tej", "tell", "tem", "temu",
    "ten", "tes", "teu", "tez", "than", "that", "the", "their", "theirs", "them", "then", "there",
    "therefore", "these", "they", "this", "those", "though", "through", "thus", "tiene", "tienen",
    "til", "till", "to", "toch", "toda", "todas", "todo", "todos", "toen", "toi", "ton", "too",
    "tot", "tous", "tout", "toute", "toutes", "tra", "tres", "tu", "tua", "tuo", "tus", "tutti",
    "tutto", "ty", "tych", "tylko", "tym", "u", "uber", "uit", "um", "uma", "umas", "un", "una",
    "unas", "und", "under", "une", "uno", "unos", "uns", "unser", "unter", "until", "up", "upon",
    "upp", "us", "usted", "ut", "utan", "uten", "uw", "vad", "van", "var", "vara", "vare", "vart",
    "ved", "veel", "vem", "vers", "very", "vi", "via", "vid", "viel", "vil", "vilka", "vilken",
    "vilket", "ville", "voce", "voi", "voici", "voila", "vom", "von", "voor", "vor", "vore", "vos",
    "vosotros", "votre", "vous", "w", "waar", "waarom", "wann", "wanneer", "want", "war", "waren",
    "warum", "was", "wat", "we", "weil", "welche", "welchem", "welchen", "welcher", "welches",
    "welk", "welke", "wenn", "wer", "werd", "werde", "werden", "were", "wezen", "what", "when",
    "where", "whether", "which", "while", "who", "whom", "whose", "why", "wie", "wiec", "wieder",
    "wij", "wil", "will", "wir", "wird", "with", "within", "without", "wo", "wohin", "womit",
    "worden", "wordt", "would", "wszystko", "wurde", "wurden", "y", "ya", "yet", "yo", "you",
    "your", "yours", "z", "za", "zal", "ze", "zelf", "zich", "zij", "zijn", "zo", "zonder", "zou",
    "zu", "zum", "zur", "zwar", "zwischen",
};
/* clang-format on */

static bool as_text(const struct fold_word *word, char ret_text[LONGEST + 1])
{
    if (word->count > LONGEST) {
        return false;
    }
    for (uint32_t i = 0; i < word->count; i++) {
        if (word->codes[i] < 'a' || word->codes[i] > 'z') {
            return false;
        }
        ret_text[i] = (char)word->codes[i];
    }
    ret_text[word->count] = '\0';
    return true;
}

bool function_word_is(const struct fold_word *word)
{
    char text[LONGEST + 1];
    size_t low = 0;
    size_t high = ARRAY_LEN(WORDS);

    if (!as_text(word, text)) {
        return false;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(WORDS[middle], text);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}
