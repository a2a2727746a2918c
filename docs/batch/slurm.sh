#!/bin/sh
# sbatch docs/batch/slurm.sh PHOTOS OUT [--preset fast ...]: a Ray cluster for the time of a job, over a folder and a
# home that all nodes share. Never run: SLURM was not to be had where this was written.
#SBATCH --job-name=gen3d
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
#SBATCH --requeue
set -eu
photos="$1" out="$2"
shift 2
# others on these nodes may reach the ports: who joins shows this token
export RAY_AUTH_MODE=token
[ -s "$HOME/.ray/auth_token" ] || ray get-auth-token --generate >/dev/null
port="${RAY_PORT:-6379}"
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address="$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | cut -d' ' -f1):$port"
srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --port="$port" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
sleep 20
if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) --exclude="$head" \
        ray start --address="$address" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
    sleep 20
fi
# a job that was requeued, or is handed in again, goes on where it was
gen3d batch "$photos" -o "$out" --ray "$address" "$@"
