package inbox

import "testing"

// TestNetwork: nobody unplugs what a server has; what FUSE mounts may be a stick.
func TestNetwork(t *testing.T) {
	for _, test := range []struct {
		x    *Exchange
		want bool
	}{
		{newExchange(t).Exchange, false},
		{newExchange(t, remote{}).Exchange, true},
		{newExchange(t, fuse{}).Exchange, false},
	} {
		if got := test.x.Network(); got != test.want {
			t.Errorf("Network() = %t, not %t", got, test.want)
		}
	}
}

type fuse struct{ quick }

func (fuse) FileSystem(int) (int64, error) { return 0x65735546, nil }
