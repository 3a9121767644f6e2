package clouds_test

import (
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	_ "chatd/internal/storage/clouds"
	"chatd/internal/storage/storagetest"
)

func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(gofakes3.New(backend).Server())
	defer web.Close()
	q := url.Values{"endpoint": {web.URL}, "use_path_style": {"true"}, "region": {"us-east-1"}, "prefix": {"chatd/"}}
	storagetest.Run(t, "s3://files?"+q.Encode())
}

func TestGoogleCloudStorage(t *testing.T) {
	web := httptest.NewUnstartedServer(nil)
	host := web.Listener.Addr().String()
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", NoListener: true, PublicHost: host, ExternalURL: "http://" + host})
	if err != nil {
		t.Fatal(err)
	}
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "files"})
	web.Config.Handler = fake.HTTPHandler()
	web.Start()
	defer web.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", host)
	storagetest.Run(t, "gs://files?anonymous=true&prefix=chatd/")
}
