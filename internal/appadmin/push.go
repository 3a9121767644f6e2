package appadmin

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"chatd/internal/chat"
	"chatd/internal/wire"
)

// maxPushText bounds a template or a credential of a push provider, in bytes.
const maxPushText = 32 << 10

// The push system of apps that say nothing, and the one that has no providers with
// names.
const (
	defaultPushVersion = "v2"
	pushV1             = "v1"
)

type pushConfig struct {
	Version     string `json:"version"`
	OfflineOnly bool   `json:"offline_only"`
}

// disabled is the switch by which a provider is turned off, in both spellings.
type disabled struct {
	Disabled bool `json:"disabled,omitzero"`
	Older    bool `json:"Disabled,omitzero"`
}

func (d disabled) off() bool { return d.Disabled || d.Older }

type apnConfig struct {
	disabled

	AuthType             string `json:"auth_type"`
	AuthKey              string `json:"auth_key"`
	BundleID             string `json:"bundle_id"`
	Development          bool   `json:"development"`
	Host                 string `json:"host"`
	KeyID                string `json:"key_id"`
	NotificationTemplate string `json:"notification_template"`
	P12Cert              string `json:"p12_cert"`
	TeamID               string `json:"team_id"`
}

type firebaseConfig struct {
	disabled

	APNTemplate          string `json:"apn_template"`
	CredentialsJSON      string `json:"credentials_json"`
	DataTemplate         string `json:"data_template"`
	NotificationTemplate string `json:"notification_template"`
	ServerKey            string `json:"server_key"`
}

type huaweiConfig struct {
	disabled

	ID     string `json:"id"`
	Secret string `json:"secret"`
}

type xiaomiConfig struct {
	disabled

	PackageName string `json:"package_name"`
	Secret      string `json:"secret"`
}

// pushSettings are all settings of push.
type pushSettings struct {
	push     pushConfig
	apn      apnConfig
	firebase firebaseConfig
	huawei   huaweiConfig
	xiaomi   xiaomiConfig
}

func readPush(set *chat.AppSettings) (*pushSettings, error) {
	p := &pushSettings{push: pushConfig{Version: defaultPushVersion}}
	for _, part := range []struct {
		doc jsontext.Value
		to  any
	}{
		{set.PushConfig, &p.push},
		{set.APNConfig, &p.apn},
		{set.FirebaseConfig, &p.firebase},
		{set.HuaweiConfig, &p.huawei},
		{set.XiaomiConfig, &p.xiaomi},
	} {
		if len(part.doc) > 3*maxPushText {
			return nil, chat.Errorf(chat.Invalid, "the settings of a push provider must be %d bytes or less", 3*maxPushText)
		}
		if len(part.doc) == 0 || part.doc.Kind() == 'n' {
			continue
		}
		if err := wire.Unmarshal(part.doc, part.to); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// checkPush checks the form of the settings of push; whether a provider takes the
// credentials shows when something is sent.
func checkPush(set *chat.AppSettings) error {
	p, err := readPush(set)
	if err != nil {
		return err
	}
	if err := oneOf("push_config.version", p.push.Version, pushV1, "v2", "v3"); err != nil {
		return err
	}
	const apn = "apn_config."
	if err := p.apn.check(apnFields{
		authType: apn + "auth_type", authKey: apn + "auth_key", bundle: apn + "bundle_id", keyID: apn + "key_id", p12: apn + "p12_cert", team: apn + "team_id",
	}); err != nil {
		return err
	}
	if err := p.firebase.check(p.push.Version, "firebase_config.server_key", "firebase_config.credentials_json"); err != nil {
		return err
	}
	if !p.huawei.off() && (p.huawei.ID == "") != (p.huawei.Secret == "") {
		return chat.Errorf(chat.Invalid, "huawei credentials are invalid")
	}
	if !p.xiaomi.off() && (p.xiaomi.PackageName == "") != (p.xiaomi.Secret == "") {
		return chat.Errorf(chat.Invalid, "xiaomi credentials are invalid")
	}
	return nil
}

// The ways to authenticate with Apple.
const (
	apnCertificate = "certificate"
	apnToken       = "token"
)

// apnFields are the names that an apnConfig's fields have in errors.
type apnFields struct{ authType, authKey, bundle, keyID, p12, team string }

func (c *apnConfig) check(name apnFields) error {
	if c.off() || *c == (apnConfig{}) {
		return nil
	}
	if err := oneOf(name.authType, c.authType(), apnCertificate, apnToken); err != nil {
		return err
	}
	if c.authType() == apnCertificate {
		der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(c.P12Cert))
		var store asn1.RawValue
		if err == nil {
			_, err = asn1.Unmarshal(der, &store)
		}
		if err != nil || store.Tag != asn1.TagSequence {
			return invalid(name.p12, "is not a valid PKCS #12 certificate in base64")
		}
		return nil
	}
	for _, f := range []struct{ name, text string }{{name.authKey, c.AuthKey}, {name.bundle, c.BundleID}, {name.keyID, c.KeyID}, {name.team, c.TeamID}} {
		if f.text == "" {
			return chat.Errorf(chat.Invalid, "%s is a required field", f.name)
		}
	}
	if key, ok := privateKey(c.AuthKey).(*ecdsa.PrivateKey); !ok || key == nil {
		return invalid(name.authKey, "is not a valid key of APNs")
	}
	return nil
}

// authType is how the provider authenticates: as it says, or as what is given tells.
func (c *apnConfig) authType() string {
	switch {
	case c.AuthType != "":
		return c.AuthType
	case c.P12Cert == "" && c.AuthKey != "":
		return apnToken
	}
	return apnCertificate
}

func (c *apnConfig) enabled() bool { return !c.off() && (c.P12Cert != "" || c.AuthKey != "") }

// privateKey returns the private key in PEM, or nil.
func privateKey(text string) any {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	return key
}

// check takes the names that the fields have in errors.
func (c *firebaseConfig) check(version, serverKey, credentials string) error {
	if c.off() {
		return nil
	}
	if c.ServerKey != "" && version != pushV1 {
		return invalid(serverKey, "is not supported with push version %s, use %s", version, credentials)
	}
	if c.CredentialsJSON == "" {
		return nil
	}
	var account struct {
		Type        string `json:"type"`
		ProjectID   string `json:"project_id"`
		ClientEmail string `json:"client_email"`
		PrivateKey  string `json:"private_key"`
	}
	err := wire.Unmarshal([]byte(c.CredentialsJSON), &account)
	if err != nil || account.Type != "service_account" || account.ProjectID == "" || account.ClientEmail == "" || privateKey(account.PrivateKey) == nil {
		return invalid(credentials, "are not the credentials of a service account")
	}
	return nil
}

func (c *firebaseConfig) enabled() bool {
	return !c.off() && (c.ServerKey != "" || c.CredentialsJSON != "")
}

// pushView is what the app shows of its settings of push: no credentials.
type pushView struct {
	Version     string               `json:"version"`
	OfflineOnly bool                 `json:"offline_only"`
	APN         apnView              `json:"apn"`
	Firebase    firebaseView         `json:"firebase"`
	Huawei      switchView           `json:"huawei"`
	Xiaomi      switchView           `json:"xiaomi"`
	Providers   []*chat.PushProvider `json:"providers"`
}

type apnView struct {
	Enabled              bool   `json:"enabled"`
	Development          bool   `json:"development"`
	AuthType             string `json:"auth_type,omitzero"`
	BundleID             string `json:"bundle_id,omitzero"`
	Host                 string `json:"host,omitzero"`
	KeyID                string `json:"key_id,omitzero"`
	NotificationTemplate string `json:"notification_template,omitzero"`
	TeamID               string `json:"team_id,omitzero"`
}

type firebaseView struct {
	Enabled              bool   `json:"enabled"`
	APNTemplate          string `json:"apn_template,omitzero"`
	DataTemplate         string `json:"data_template,omitzero"`
	NotificationTemplate string `json:"notification_template,omitzero"`
}

type switchView struct {
	Enabled bool `json:"enabled"`
}

func viewPush(set *chat.AppSettings) (*pushView, error) {
	p, err := readPush(set)
	if err != nil {
		return nil, err
	}
	v := &pushView{Version: p.push.Version, OfflineOnly: p.push.OfflineOnly, Providers: viewProviders(set)}
	if p.apn.enabled() {
		a := &p.apn
		v.APN = apnView{true, a.Development, a.authType(), a.BundleID, a.Host, a.KeyID, a.NotificationTemplate, a.TeamID}
	}
	if p.firebase.enabled() {
		f := &p.firebase
		v.Firebase = firebaseView{true, f.APNTemplate, f.DataTemplate, f.NotificationTemplate}
	}
	v.Huawei.Enabled = !p.huawei.off() && p.huawei.ID != ""
	v.Xiaomi.Enabled = !p.xiaomi.off() && p.xiaomi.PackageName != ""
	return v, nil
}
