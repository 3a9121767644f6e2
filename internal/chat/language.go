package chat

import (
	"slices"
	"strings"
)

// languages are the codes of the languages that texts can be translated into and
// from (API: translation), in the order of the API's refusals.
var languages = strings.Fields(`af sq am ar az bn bs bg zh zh-TW hr cs da fa-AF nl en et fi fr fr-CA ka de el ht ha he hi hu id it ja ko lv lt ms no fa
	ps pl pt ro ru sr sk sl so es es-MX sw sv tl ta th tr uk ur vi`)

// ValidLanguage checks the code of a language that something is to be translated
// into or from; field names it.
func ValidLanguage(field, code string) error {
	if code == "" {
		return Errorf(Invalid, "%s is a required field", field)
	}
	if !KnownLanguage(code) {
		return Errorf(Invalid, "%s must be one of [%s]", field, strings.Join(languages, " "))
	}
	return nil
}

// KnownLanguage tells whether texts can be translated into and from a language.
func KnownLanguage(code string) bool { return slices.Contains(languages, code) }

// TranslationKey is where a message's i18n has its text in a language.
func TranslationKey(language string) string { return language + "_text" }
