// The program that the lifecycle test runs in its pods: from scratch, since the test may depend on no image.
module flts/tests/probe

go 1.24
