// A rotation by an angle that is given with the job, as in --bind theta=0:6.28:9.
OPENQASM 3.0;
include "stdgates.inc";

input float theta;
qubit[1] q;
bit[1] c;

rx(theta) q[0];
c[0] = measure q[0];
