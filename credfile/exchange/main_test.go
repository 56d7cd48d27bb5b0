package exchange

import (
	"testing"

	"keycare/credfile/disk/testrun"
)

func TestMain(m *testing.M) { testrun.Main(m) }
